import ArgumentParser
import HeapSnapshot
import Linux
import Logging
import SnapshotStore
import Units

struct AnalyzeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "analyze", abstract: "Sum up a snapshot of the store and compare it with the one before; info shows what was found.",
        discussion: """
            EXAMPLES
              heapsnapd analyze latest
              heapsnapd analyze 20261121T0031 --json | jq .grown

            With analysis.afterCapture this is what runs after each capture, at the lowest priority and within analysis.memoryMax.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "An id, the beginning of one, latest or latest~n.") var id: String
    @Flag(help: "Tell the journal what grew.") var tell = false

    func run() throws {
        giveWay(memoryToo: tell)
        let workplace = try Workplace.open(options)
        let store = workplace.store
        let record = try store.resolve(id)
        let memoryMax = workplace.configuration.analysis.memoryMax
        if let bytes = record.bytes, Self.memory(for: bytes) > memoryMax {
            // It was not asked for by anybody who could do something about it now.
            if tell { return Terminal.printError("heapsnapd: \(record.id) is left out of the analysis: it needs \(Self.memory(for: bytes))") }
            throw CommandFailure(
                .refused, "cannot analyse \(record.id): it needs about \(Self.memory(for: bytes)); raise analysis.memoryMax (\(memoryMax))")
        }
        let now = try rows(of: record)
        var analysis = CaptureAnalysis(now.rows, totalBytes: now.totalBytes)
        if let previous = try store.records().snapshot(before: record), Self.memory(for: previous.bytes ?? .zero) <= memoryMax {
            let before = try rows(of: previous)
            analysis.compare(now.rows, with: before.rows, totalBytes: before.totalBytes, since: previous.id)
        }
        try store.keepAnalysis(analysis, of: record.id)
        if tell {
            Logger.ofProgram(level: workplace.configuration.log.level).record(
                .analysed, "\(record.service): \(analysis.headline)", about: [.service: record.service, .snapshot: record.id.text])
        }
        options.json ? JSONOutput.print(analysis) : Terminal.print(analysis.headline)
    }

    /// By constructor alone: the shape of a plain object is made of property names, which may be a dictionary's keys and do not belong into a log, and which
    /// shapes have a name changes with how many objects there are. The snapshot is gone when this returns.
    private func rows(of record: SnapshotRecord) throws -> (rows: [ClassSummary], totalBytes: UInt64) {
        let graph = SnapshotGraph(try SnapshotArgument(record.id).open(options).snapshot)
        return (graph.summary(interfaces: false), graph.totalBytes)
    }

    /// What was measured of `summary` is 1.2 to 1.4 times the file (Benchmarks/results, 1 GB and 200 MB), and what a program takes anyway.
    private static func memory(for bytes: ByteCount) -> ByteCount { bytes * 1.5 + .mebibytes(32) }
}

extension RecordList {
    /// Of the same owner, whole, and of the same isolate.
    func snapshot(before record: SnapshotRecord) -> SnapshotRecord? {
        records.filter { $0.id < record.id && $0.owner == record.owner && $0.state == .complete && $0.hasSnapshot && $0.isolate == record.isolate }
            .max { $0.id < $1.id }
    }
}

extension SnapshotArgument {
    init(_ id: SnapshotID) { text = id.text }
}
