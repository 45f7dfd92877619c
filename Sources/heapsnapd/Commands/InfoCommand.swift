import ArgumentParser
import Capture
import SnapshotStore
import Units

struct InfoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show all that is known of one capture.",
        discussion: """
            EXAMPLES
              heapsnapd info latest
              heapsnapd info 20261121T0031 --json | jq .samples.before
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "An id, the beginning of one, latest or latest~n.") var id: String

    func run() throws {
        let workplace = try Workplace.open(options, for: .reading)
        let record = try workplace.store.resolve(id)
        let loans = workplace.site.loans.open()
        let analysis = workplace.store.analysis(CaptureAnalysis.self, of: record.id)
        guard !options.json else {
            return JSONOutput.print(Document(record: record, path: workplace.store.snapshotPath(record), openLoans: loans, analysis: analysis))
        }
        Terminal.print(record.text(path: workplace.store.snapshotPath(record)))
        if let analysis {
            Terminal.print("found        " + analysis.headline)
            for row in analysis.largest.prefix(5) {
                Terminal.print("             \(row.name.shortened(to: 60)): \(row.count), retained \(ByteCount(clamping: row.retainedBytes))")
            }
        }
        for loan in loans { Terminal.print("open loan    " + loan.text) }
    }

    /// The record's own keys, and what is not the record's.
    private struct Document: Encodable {
        var record: SnapshotRecord
        var path: String?
        var openLoans: [Loan]
        var analysis: CaptureAnalysis?

        private enum Keys: String, CodingKey { case path, openLoans, analysis }

        func encode(to encoder: any Encoder) throws {
            try record.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encodeIfPresent(path, forKey: .path)
            try container.encode(openLoans, forKey: .openLoans)
            try container.encodeIfPresent(analysis, forKey: .analysis)
        }
    }
}

extension SnapshotRecord {
    /// For people: a line a fact, unknown ones left out.
    func text(path: String?) -> String {
        var lines: [(String, String?)] = [
            ("id", id.text), ("state", state.rawValue + (truncatedAt.map { ", damaged at byte \($0.bytes)" } ?? "")), ("service", service),
            ("process", pid.map { "\($0)" + (node?.version.map { ", Node \($0)" } ?? "") }), ("command", node?.arguments?.joined(separator: " ")),
            ("created", "\(createdAt)"), ("reason", reason + (count > 1 ? ", \(count) times" : "")), ("detail", detail), ("rule", rule),
            ("requested by", requestedBy), ("engine", engine),
        ]
        if let refusal { lines.append(("refusal", "\(refusal.code): \(refusal.message)")) }
        for rung in rungs {
            let taken = ["taken", rung.note].compactMap(\.self).joined(separator: ", ")
            lines.append(("rung \(rung.rung)", rung.skipped.map { "skipped: \($0.message) [\($0.code)]" } ?? taken))
        }
        if let oomKilledCopies { lines.append(("killed copies", "\(oomKilledCopies), by the kernel for the limit of the service's cgroup")) }
        if let file {
            lines += [
                ("file", path ?? file), ("size", "\(bytes?.description ?? "?"), \(storedBytes?.description ?? "?") on disk"), ("sha256", sha256),
            ]
            lines.append(("graph", nodeCount.flatMap { nodes in edgeCount.map { "\(nodes) nodes, \($0) edges" } }))
        }
        if let prediction { lines.append(("predicted", Self.cost(heap: prediction.heap, memory: prediction.extra, pause: prediction.pause))) }
        if let actual {
            lines.append(
                (
                    "actual",
                    "peak \(actual.peak?.description ?? "?"), stop \(actual.pause?.duration.text ?? "?"), all in all \(actual.duration?.duration.text ?? "?")"
                ))
        }
        if let copyPeak = actual?.copyPeak {
            lines.append(
                ("copy", "peak \(copyPeak), \(actual?.attempts ?? 1) made; the service rewrote at most \(actual?.rewritten?.description ?? "?")"))
        }
        lines += [
            ("isolate", isolate.map(String.init)), ("lineage", lineage), ("exact ids", exactIdsUntil.map { "kept by the service until \($0)" }),
        ]
        if let loan { lines.append(("loan", "\(loan.from) raised to \(loan.to) by \(loan.lender)")) }
        if let host {
            lines.append(("limit", host.limit.map { "\($0) by \(host.limitSource ?? "?")" }))
            lines += [
                ("V8 limit", node?.heapLimit?.description), ("cgroup", host.cgroup), ("unit", host.unit), ("container", host.container),
                ("host", host.hostname),
            ]
        }
        if let exit {
            lines.append(("exit", "\(exit.cause.rawValue): \(exit.detail ?? "")"))
            lines.append(("last words", exit.lastWords?.fatalError))
            lines += (exit.lastWords?.lastGCs ?? []).suffix(3).map { ("", $0) }
        }
        if let first = samples?.before.first, let last = samples?.before.last {
            lines.append(
                (
                    "memory",
                    "\(first.use?.description ?? "?") at \(first.at), \(last.use?.description ?? "?") of \(last.limit?.description ?? "?") at \(last.at)"
                ))
        }
        return lines.compactMap { name, value in value.map { name.padding(to: 13) + $0 } }.joined(separator: "\n")
    }

    private static func cost(heap: ByteCount?, memory: ByteCount?, pause: Seconds?) -> String {
        "heap \(heap?.description ?? "?"), \(memory?.description ?? "?") more memory, stop \(pause?.duration.text ?? "?")"
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}
