public import ArgumentParser
public import HeapSnapshot
import Units

struct SummaryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "summary", abstract: "What a snapshot holds, by constructor, as the Summary view of DevTools.",
        discussion: """
            EXAMPLES
              heapsnapd summary latest
              heapsnapd summary leak.heapsnapshot --sort count --limit 10
              heapsnapd summary latest --filter Request --by-location
              heapsnapd summary latest --json --limit 0 | jq '.classes[] | select(.count > 100000)'

            Retained sizes of rows overlap: what one class holds may be held by another, too. Distances from 100000000 on are of V8's own.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var rows: RowOptions
    @OptionGroup var reading: ReadingOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Option(help: "Sort by retained, shallow, count, distance or name.") var sort = SummaryOrder.retained
    @Flag(help: "Tell classes of one name apart by where their constructor is.") var byLocation = false
    @Option(help: "Only what a filter of DevTools keeps: \(NodeFilter.allCases.map(\.rawValue).joined(separator: ", ")).") var only: NodeFilter?

    func run() throws {
        let opened = try snapshot.open(options, reading.way)
        let graph = SnapshotGraph(opened.snapshot, threads: reading.threads)
        let all = sort.sorted(graph.summary(byLocation: byLocation, nodes: only.map { graph.nodes(in: $0) }))
        let chosen = rows.chosen(all, name: \.name)
        if options.json { return JSONOutput.print(SummaryDocument(graph, chosen)) }
        var table = Table([
            ("CONSTRUCTOR", .left), ("DISTANCE", .right), ("COUNT", .right), ("SHALLOW", .right), ("", .right), ("RETAINED", .right), ("", .right),
        ])
        let total = max(1, graph.totalBytes)
        func share(_ bytes: UInt64) -> String { "\(bytes * 100 / total) %" }
        for row in chosen {
            table.add([
                row.name.shortened(to: 60) + (row.location.map { " \($0)" } ?? ""), row.distance.distanceText, "\(row.count)",
                ByteCount(clamping: row.shallowBytes).description, share(row.shallowBytes), ByteCount(clamping: row.retainedBytes).description,
                share(row.retainedBytes),
            ])
        }
        let left = all.count - chosen.count
        Terminal.print(
            "\(opened.name): \(opened.snapshot.nodeCount) nodes, \(opened.snapshot.edgeCount) edges, \(ByteCount(clamping: graph.totalBytes))\n\(table.text)"
                + (left > 0 && rows.filter == nil ? "\n\(left) more; --limit 0 shows all" : ""))
    }
}

extension NodeFilter: ExpressibleByArgument {}

enum SummaryOrder: String, CaseIterable, ExpressibleByArgument {
    case retained, shallow, count, distance, name

    /// Largest first; what is equal stays in the order of retained sizes.
    func sorted(_ rows: [ClassSummary]) -> [ClassSummary] {
        func by<Key: Comparable>(_ key: (ClassSummary) -> Key, _ isBefore: (Key, Key) -> Bool) -> [ClassSummary] {
            rows.enumerated().sorted { a, b in
                let (x, y) = (key(a.element), key(b.element))
                return x == y ? a.offset < b.offset : isBefore(x, y)
            }.map(\.element)
        }
        return switch self {
        case .retained: rows
        case .shallow: by(\.shallowBytes, >)
        case .count: by(\.count, >)
        case .distance: by(\.distance, <)
        case .name: by(\.name, <)
        }
    }
}

/// JSON of `summary` (docs/json.md).
struct SummaryDocument: Encodable {
    struct Row: Encodable {
        var name: String
        var scriptId: Int32?
        var line: Int32?
        var column: Int32?
        var count: Int
        var distance: Int32
        var shallowBytes: UInt64
        var retainedBytes: UInt64

        init(_ row: ClassSummary) {
            (name, count, distance, shallowBytes, retainedBytes) = (row.name, row.count, row.distance, row.shallowBytes, row.retainedBytes)
            (scriptId, line, column) = (row.location?.script, row.location?.line, row.location?.column)
        }
    }
    var nodeCount: Int
    var edgeCount: Int
    var totalBytes: UInt64
    var isPartial: Bool?
    var classes: [Row]

    init(_ graph: SnapshotGraph, _ rows: some Sequence<ClassSummary>) {
        (nodeCount, edgeCount, totalBytes) = (graph.snapshot.nodeCount, graph.snapshot.edgeCount, graph.totalBytes)
        isPartial = graph.snapshot.truncation == nil ? nil : true
        classes = rows.map(Row.init)
    }
}

extension Int32 {
    /// As DevTools shows a distance: `-` for what only V8's own roots reach, or nothing.
    var distanceText: String { self < 0 || self >= 100_000_000 ? "-" : "\(self)" }
}

extension String {
    /// For a terminal: the text is a stranger's.
    func shortened(to width: Int) -> String { DisplayText.cut(DisplayText.safe(DisplayText.cut(self, to: width)), to: width) }
}
