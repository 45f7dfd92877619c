import ArgumentParser
import Foundation
import HeapSnapshot
import SnapshotStore
import SystemPackage
import Units

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "A snapshot as a page for a browser, which needs no network.",
        discussion: """
            EXAMPLES
              heapsnapd report latest -o leak.html
              heapsnapd report latest~1 latest -o leak.html    with what came and went in between

            The page has no contents of strings unless --with-strings is given; names of classes, functions and properties it always has.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshots: [SnapshotArgument]
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to: a file, or - for standard output; default: NAME.html here.", valueName: "file"))
    var output: String?
    @Flag(help: "Overwrite the file.") var force = false
    @Flag(help: "Show what the service's strings hold.") var withStrings = false
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        try snapshots.validate()
        guard (1...2).contains(snapshots.count) else { throw ValidationError("report takes one snapshot, or an earlier one and a later one") }
    }

    func run() throws {
        let opened = try snapshots.map { try $0.open(options, reading.way) }
        let last = opened[opened.count - 1]
        let graphs = opened.map { SnapshotGraph($0.snapshot, threads: reading.threads) }
        var report = Report(graphs[graphs.count - 1], title: last.name, showsStrings: withStrings)
        report.facts = last.record.map(Self.facts) ?? []
        report.trajectory = last.record.map(Self.trajectory) ?? []
        report.suspects = SnapshotGraph.suspects(in: graphs, comparableIds: OpenedSnapshot.haveComparableIDs(opened)).map(Report.Suspect.init)
        if opened.count == 2 {
            let diff = Diff(opened[0], opened[1], identity: nil, threads: reading.threads)
            report.comparison = Report.Comparison(diff.comparison, base: opened[0].name)
        }

        var page = ""
        try report.write { page += $0 }
        let name = last.name == "-" ? "report" : last.name.split(separator: "/").last.map(String.init) ?? "report"
        let path = output ?? "\(name).html"
        if path == "-" { return Terminal.print(page) }
        try WholeFile.write(at: path, replacing: force) { file in _ = try file.writeAll(page.utf8) }
        options.json ? JSONOutput.print(Written(path: path, bytes: ByteCount(page.utf8.count))) : Terminal.print(path)
    }

    private struct Written: Encodable {
        var path: String
        var bytes: ByteCount
    }

    private static func facts(_ record: SnapshotRecord) -> [Report.Fact] {
        let facts: [(String, String?)] = [
            ("Service", record.service), ("Process", record.pid.map { "\($0)" }), ("Node", record.node?.version), ("Taken", "\(record.createdAt)"),
            ("Reason", record.reason + (record.detail.map { ": \($0)" } ?? "")), ("How", record.engine),
            ("Stop", record.actual?.pause?.duration.text),
            ("File", record.bytes.map { "\($0)" }), ("Host", record.host?.hostname),
        ]
        return facts.compactMap { label, value in value.map { Report.Fact(label, $0) } }
    }

    private static func trajectory(_ record: SnapshotRecord) -> [Report.Sample] {
        let samples = (record.samples?.before ?? []) + (record.samples?.after ?? [])
        guard let first = samples.first else { return [] }
        return samples.compactMap { sample in
            (sample.use ?? sample.rss).map { use in
                Report.Sample(
                    seconds: Double(sample.at.milliseconds - first.at.milliseconds) / 1_000, useBytes: UInt64(clamping: use.bytes),
                    limitBytes: sample.limit.map { UInt64(clamping: $0.bytes) })
            }
        }
    }
}

extension Report.Suspect {
    init(_ suspect: Suspect) {
        self.init(
            title: suspect.className, sentence: suspect.sentence, bytes: suspect.bytes, share: suspect.share, confidence: suspect.confidence,
            path: suspect.path.map(\.text), location: suspect.places.first?.description)
    }
}

extension Report.Comparison {
    init(_ comparison: HeapSnapshot.Comparison, base: String) {
        self.init(
            base: base, identity: comparison.identity.rawValue,
            changes: comparison.rows.map {
                Report.Change(
                    name: $0.name, added: $0.addedCount, removed: $0.removedCount, delta: $0.countDelta, allocatedBytes: $0.addedBytes,
                    freedBytes: $0.removedBytes, sizeDelta: $0.bytesDelta)
            })
    }
}
