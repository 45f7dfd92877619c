import HeapSnapshot
import Units

/// Nodes of a snapshot for people: a row each, what is largest first.
struct NodeTable {
    private var table: Table

    /// - Parameter first: title of the leading column.
    init(_ first: String = "OBJECT") {
        table = Table([(first, .left), ("ID", .right), ("DISTANCE", .right), ("SHALLOW", .right), ("RETAINED", .right)])
    }

    mutating func add(_ row: NodeRow, _ text: String? = nil) {
        table.add([
            (text ?? row.title).shortened(to: 100), "@\(row.id)", row.distance.distanceText, ByteCount(clamping: row.shallowBytes).description,
            ByteCount(clamping: row.retainedBytes).description,
        ])
    }

    var text: String { table.text }
}

extension SnapshotArgument {
    /// The snapshot with all that the views need.
    func views(_ options: GlobalOptions, _ way: WayOfReading) throws -> SnapshotViews {
        SnapshotViews(SnapshotGraph(try open(options, way).snapshot, threads: way.threads))
    }
}

/// What a word means within a snapshot, or exit 4.
func found<Result>(_ search: () throws(NodeQueryError) -> Result) throws -> Result {
    do { return try search() } catch {
        throw CommandFailure(error.problem == .notAnID ? .usage : .notFound, "\(error)")
    }
}
