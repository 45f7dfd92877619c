public import ArgumentParser
public import HeapSnapshot
import SnapshotStore
import Units

struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What came and went between two snapshots or more, as the Comparison view of DevTools.",
        discussion: """
            EXAMPLES
              heapsnapd diff latest~1 latest
              heapsnapd diff a.heapsnapshot b.heapsnapshot c.heapsnapshot    what grew in each step
              heapsnapd diff latest~1 latest --format heapdiff               as node-memwatch's HeapDiff

            Which objects are the same is told by their ids where those mean the same in both, else by an alignment of two copies of one process, else not at
            all: then only net counts and sizes are compared. The first line says which; --identity decides otherwise.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var rows: RowOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: SnapshotArgument.help) var snapshots: [SnapshotArgument]
    @Option(help: "Which objects are the same: ids, aligned, none; default: found out.") var identity: Identity?
    @Option(help: "table or heapdiff (JSON of node-memwatch).") var format = Format.table
    @Option(help: "Sort by size (delta), new, deleted, delta or name.") var sort = Order.size
    @Flag(help: "Tell classes of one name apart by where their constructor is, as DevTools does.") var byLocation = false

    enum Format: String, CaseIterable, ExpressibleByArgument { case table, heapdiff }
    enum Order: String, CaseIterable, ExpressibleByArgument { case size, new, deleted, delta, name }

    func validate() throws {
        try snapshots.validate()
        guard snapshots.count > 1 else { throw ValidationError("diff takes two snapshots or more, the oldest first") }
        if snapshots.count > 2, format != .table || identity == Identity.none || identity == .aligned {
            throw ValidationError("of more than two snapshots diff shows what grew by ids, as a table or JSON")
        }
    }

    func run() throws {
        if snapshots.count > 2 { return try showGrowth() }
        let before = try snapshots[0].open(options, reading.way), after = try snapshots[1].open(options, reading.way)
        let diff = Diff(before, after, identity: identity, byLocation: byLocation, threads: reading.threads)
        if format == .heapdiff {
            // Whatever was asked for: which objects came and went is all that this form says (contract 33).
            let isFounded = identity != .ids || Diff.choose(before, after, nil).identity == .ids
            guard isFounded, let heapDiff = HeapDiff(diff.comparison) else {
                throw CommandFailure(.refused, "cannot write a HeapDiff: which objects are the same is not known (\(diff.reason)); see --identity")
            }
            return JSONOutput.print(MemwatchDocument(heapDiff, from: before.record?.createdAt, to: after.record?.createdAt))
        }
        let chosen = rows.chosen(sorted(diff.comparison.rows), name: \.name)
        if options.json { return JSONOutput.print(Document(diff, chosen)) }
        show(diff, chosen)
    }

    private func sorted(_ rows: [ClassChange]) -> [ClassChange] {
        switch sort {
        case .size: rows
        case .new: rows.sorted { ($1.addedCount ?? 0, $0.name) < ($0.addedCount ?? 0, $1.name) }
        case .deleted: rows.sorted { ($1.removedCount ?? 0, $0.name) < ($0.removedCount ?? 0, $1.name) }
        case .delta: rows.sorted { ($1.countDelta, $0.name) < ($0.countDelta, $1.name) }
        case .name: rows.sorted { $0.name < $1.name }
        }
    }

    private func show(_ diff: Diff, _ chosen: ArraySlice<ClassChange>) {
        let (old, new) = (diff.comparison.before, diff.comparison.after)
        let confidence = diff.confidence.map { ", confidence at least \(Int(($0 * 100).rounded(.down))) %" } ?? ""
        Terminal.print("identity: \(diff.comparison.identity.rawValue) (\(diff.reason)\(confidence))")
        Terminal.print(
            "\(ByteCount(clamping: old.bytes)) in \(old.nodeCount) nodes before, \(ByteCount(clamping: new.bytes)) in \(new.nodeCount) after")
        var table = Table([
            ("CONSTRUCTOR", .left), ("# NEW", .right), ("# DELETED", .right), ("# DELTA", .right), ("ALLOC", .right), ("FREED", .right),
            ("SIZE DELTA", .right),
        ])
        func bytes(_ value: UInt64?) -> String { value.map { ByteCount(clamping: $0).description } ?? "-" }
        for row in chosen {
            table.add([
                row.name.shortened(to: 60) + (row.location.map { " \($0.text)" } ?? ""), row.addedCount.map { "\($0)" } ?? "-",
                row.removedCount.map { "\($0)" } ?? "-", Self.signed(row.countDelta), bytes(row.addedBytes), bytes(row.removedBytes),
                Self.signed(row.bytesDelta),
            ])
        }
        Terminal.print(table.text)
        let left = diff.comparison.rows.count - chosen.count
        if left > 0, rows.filter == nil { Terminal.print("\(left) more; --limit 0 shows all") }
        guard let paths = diff.paths, rows.filter == nil else { return }
        var ways = Table([("WAY FROM THE ROOTS", .left), ("# DELTA", .right), ("SIZE DELTA", .right)])
        for path in paths.filter({ $0.bytesDelta > 0 }).prefix(10) {
            ways.add([path.text.shortened(to: 120), Self.signed(path.countDelta), Self.signed(path.bytesDelta)])
        }
        Terminal.print("\n\(ways.text)")
    }

    private static func signed(_ count: Int) -> String { count > 0 ? "+\(count)" : "\(count)" }
    private static func signed(_ bytes: Int64) -> String { (bytes > 0 ? "+" : "") + ByteCount(bytes).description }

    /// Of each class how many there were, and how many of the last came in each step.
    private func showGrowth() throws {
        var later = try snapshots[snapshots.count - 1].open(options, reading.way)
        let last = HeapSnapshot.Census(later.snapshot)
        var earlier: [HeapSnapshot.Census] = []
        for argument in snapshots.dropLast().reversed() {
            let opened = try argument.open(options, reading.way)
            let chosen = Diff.choose(opened, later, identity)
            guard chosen.identity == .ids else {
                throw CommandFailure(.refused, "cannot compare \(opened.name) and \(later.name) by ids: \(chosen.reason); compare them two by two")
            }
            earlier.insert(HeapSnapshot.Census(opened.snapshot, namedAs: last), at: 0)
            later = opened
        }
        let growth = ClassGrowth.over(earlier + [last], byLocation: byLocation).filter(\.grewInEveryStep)
        let chosen = rows.chosen(growth, name: \.name)
        if options.json { return JSONOutput.print(GrowthDocument(grown: Array(chosen))) }
        guard !chosen.isEmpty else { return Terminal.print("nothing grew in every step") }
        var table = Table([("CONSTRUCTOR", .left), ("COUNTS", .right), ("BYTES", .right), ("STILL THERE OF EACH STEP", .right)])
        for row in chosen {
            table.add([
                row.name.shortened(to: 60), row.counts.map { "\($0)" }.joined(separator: " "),
                row.bytes.map { ByteCount(clamping: $0).description }.joined(separator: " "), row.survivors.map { "\($0)" }.joined(separator: " "),
            ])
        }
        Terminal.print(table.text)
    }

    private struct GrowthDocument: Encodable { var grown: [ClassGrowth] }

    private struct Document: Encodable {
        var identity: Identity
        var reason: String
        var confidence: Double?
        var before, after: HeapTotals
        var classes: [ClassChange]
        var paths: [PathChange]?

        init(_ diff: Diff, _ chosen: ArraySlice<ClassChange>) {
            (identity, reason, confidence) = (diff.comparison.identity, diff.reason, diff.confidence)
            (before, after, classes, paths) = (diff.comparison.before, diff.comparison.after, Array(chosen), diff.paths?.prefix(100).map(\.self))
        }
    }

    /// memwatch's words, `time` where a record knows it.
    private struct MemwatchDocument: Encodable {
        struct Heap: Encodable {
            var nodes: Int
            var time: String?
            var size_bytes: UInt64
            var size: String
        }
        var before, after: Heap
        var change: HeapDiff.Change

        init(_ diff: HeapDiff, from: Timestamp?, to: Timestamp?) {
            before = Heap(nodes: diff.before.nodes, time: from?.description, size_bytes: diff.before.size_bytes, size: diff.before.size)
            after = Heap(nodes: diff.after.nodes, time: to?.description, size_bytes: diff.after.size_bytes, size: diff.after.size)
            change = diff.change
        }
    }
}

extension Identity: ExpressibleByArgument {}

extension PathChange {
    var text: String { path.map { step in step.edge.map { "\($0): \(step.className)" } ?? step.className }.joined(separator: " → ") }
}
