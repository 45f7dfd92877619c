/// Looking around in one snapshot: who holds a node, what it holds, its class's other members.
///
/// What several views need (classes 30 ms, retainers 130 ms and 8 bytes per edge, in a snapshot of 200 MB) is made when the first of them asks,
/// and kept. For one task at a time, therefore not `Sendable`.
public final class SnapshotViews {
    public let graph: SnapshotGraph
    let names: NodeNames
    private(set) lazy var classes = graph.classes()
    private(set) lazy var retainers = Retainers(graph.snapshot)
    private(set) lazy var tree = DominatedNodes(graph)
    private(set) lazy var locations = LocationTable(graph.snapshot)
    private(set) lazy var scripts = ScriptNames(graph.snapshot)
    private(set) lazy var parents = ShortestPaths(graph, retainers)

    var snapshot: Snapshot { graph.snapshot }

    public init(_ graph: SnapshotGraph) {
        self.graph = graph
        names = NodeNames(graph)
    }

    /// - Parameter node: an ordinal below `nodeCount`.
    public func row(_ node: Int) -> NodeRow {
        let state = graph.detachedness?[node]
        let location = locations[node]
        return NodeRow(
            id: snapshot.id(of: node), name: DisplayText.cut(names.name(of: node), to: NodeRow.longestName), className: className(of: node),
            kind: snapshot.kindName(of: node), distance: graph.distance(of: node), shallowBytes: graph.shallowSize(of: node),
            retainedBytes: graph.retainedSize(of: node),
            detachedness: state == Detachedness.attached ? "attached" : state == Detachedness.detached ? "detached" : nil,
            location: location, file: location.flatMap { scripts[$0.script] })
    }

    func className(of node: Int) -> String { classes.names[Int(classes.classOf[node])] }

    func row(edge: Int) -> EdgeRow {
        let columns = snapshot.columns
        let (kind, label) = (columns.edgeKind(edge), columns.edgeLabel(edge))
        let isNumber = kind == EdgeKind.element || kind == EdgeKind.hidden
        return EdgeRow(
            name: isNumber ? String(label) : snapshot.strings.text(Int(label)),
            kind: kind < EdgeKind.names.count ? EdgeKind.names[Int(kind)] : "other")
    }
}

/// Where in the sources a node comes from. Cost: 4 bytes a node.
struct LocationTable: Sendable {
    private let columns: SnapshotColumns
    /// One more than the place in `columns.locations`; 0: none.
    private let placeOf: Column<UInt32>

    init(_ snapshot: Snapshot) {
        columns = snapshot.columns
        placeOf = Column(columns.nodeCount)
        for at in 0..<columns.locationCount {
            let node = Int(columns.locations[4 * at])
            if node >= 0, node < columns.nodeCount { placeOf[node] = UInt32(at + 1) }
        }
    }

    subscript(node: Int) -> SourceLocation? {
        let place = Int(placeOf[node])
        guard place > 0 else { return nil }
        let at = 4 * (place - 1)
        return SourceLocation(script: columns.locations[at + 1], line: columns.locations[at + 2], column: columns.locations[at + 3])
    }
}
