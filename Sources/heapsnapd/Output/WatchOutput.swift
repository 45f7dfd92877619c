import AgentProtocol
import Control
import SnapshotStore
import Synchronization
import Units

/// What `watch` sees: rows of a table for people, a line of JSON each for programs.
final class WatchOutput: Sendable {
    private let isTable: Bool
    private let ofMany: Bool
    private let hasHeader = Mutex(false)

    /// - Parameter ofMany: with columns that tell the processes apart.
    init(isTable: Bool, ofMany: Bool) {
        self.isTable = isTable
        self.ofMany = ofMany
    }

    func show(_ event: WatchEvent) {
        guard isTable else { return line(event) }
        let isFirst = hasHeader.withLock { hasHeader in
            defer { hasHeader = true }
            return !hasHeader
        }
        if isFirst { Terminal.print(row(header)) }
        switch event {
        case .sample(let sample): Terminal.print(row(cells(sample)))
        case .leak(let leak): Terminal.print("\(clock(leak.at))  leak in \(name(leak.service, leak.pid)), isolate \(leak.isolate): \(leak.reason)")
        case .capture(let capture):
            let refusal = capture.refusal.map { " [\($0)]" } ?? ""
            Terminal.print("\(clock(capture.at))  capture of \(name(capture.service, capture.pid)), \(capture.reason): \(capture.state)\(refusal)")
        case .process(let process): Terminal.print("\(clock(process.at))  \(name(process.service, process.pid)) \(process.change)")
        case .collection: break
        }
    }

    private var header: [String] {
        ["TIME"] + (ofMany ? ["SERVICE", "PID"] : []) + ["RSS", "USE", "LIMIT", "HEAP", "V8 LIMIT", "FULL GCS", "TREND"]
    }

    func dropped(_ count: Int) {
        isTable ? Terminal.print("          \(count) left out: they were not read in time") : line(ControlReply.dropped(count))
    }

    private func cells(_ sample: WatchSample) -> [String] {
        let numbers = [
            "\(sample.rss)", sample.use?.description ?? "-", sample.limit?.description ?? "none", sample.heap?.used.description ?? "-",
            sample.heap?.limit.description ?? "-", sample.heap?.fullCollections?.description ?? "-", sample.heap?.trend?.description ?? "-",
        ]
        return [clock(sample.at)] + (ofMany ? [sample.service ?? "-", "\(sample.pid)"] : []) + numbers
    }

    private func clock(_ instant: Timestamp) -> String { String("\(instant)".dropFirst(11).prefix(8)) }
    private func name(_ service: String?, _ pid: ProcessID) -> String { (service.map { "\($0), " } ?? "") + "process \(pid)" }

    private func line(_ document: some Encodable) {
        guard let bytes = try? RecordCodec.encode(document, pretty: false) else { return }
        Terminal.print(String(decoding: bytes.dropLast(), as: UTF8.self))
    }

    /// Rows come one by one, so the columns have fixed widths: the time, and names, to the left.
    private func row(_ cells: [String]) -> String {
        cells.enumerated().map { index, cell in
            let isName = index == 0 || ofMany && index == 1
            let padding = String(repeating: " ", count: max(0, (index == 0 ? 8 : index == 1 && ofMany ? 16 : 10) - cell.count))
            return isName ? cell + padding : padding + cell
        }
        .joined(separator: "  ")
    }
}

extension WatchEvent {
    /// What the agent tells, in the words of `watch`; nil: nothing for it.
    init?(_ message: AgentMessage, of pid: ProcessID, service: String? = nil, at now: Timestamp) {
        switch message {
        case .collection(let collection):
            let stats = collection.stats
            self = .collection(
                WatchCollection(
                    pid: pid, service: service, at: now, isolate: collection.isolate, duration: collection.duration,
                    heapUsed: ByteCount(collection.usedHeapSize), heapLimit: ByteCount(collection.heapSizeLimit),
                    stats: [
                        "num_full_gc": Double(stats.fullCollections), "num_inc_gc": Double(stats.incrementalCollections),
                        "heap_compactions": Double(stats.heapCompactions), "estimated_base": Double(stats.estimatedBase),
                        "current_base": Double(stats.currentBase), "min": Double(stats.min), "max": Double(stats.max),
                        "usage_trend": stats.usageTrend,
                    ]))
        case .leak(let leak):
            self = .leak(
                WatchLeak(
                    pid: pid, service: service, at: now, isolate: leak.isolate, start: Timestamp(secondsSinceEpoch: leak.start),
                    end: Timestamp(secondsSinceEpoch: leak.end), growth: ByteCount(leak.growth), reason: leak.reason))
        default: return nil
        }
    }
}
