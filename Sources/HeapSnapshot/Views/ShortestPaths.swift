/// For each node one reference from a node that is nearer to a root by one: followed upwards, a shortest path.
///
/// Each node's retainers are looked at once, when a path first leads through it.
final class ShortestPaths {
    private let graph: SnapshotGraph
    private let retainers: Retainers
    /// One more than a place in `retainers`; 0: not looked for yet; `none`: there is none.
    private let placeOf: Column<UInt32>
    private static let none = UInt32.max

    struct Reference {
        var edge: Int
        var source: Int
    }

    init(_ graph: SnapshotGraph, _ retainers: Retainers) {
        (self.graph, self.retainers) = (graph, retainers)
        placeOf = Column(graph.snapshot.nodeCount)
    }

    /// nil at a user root, at the root, and where no reference leads to.
    func reference(to node: Int) -> Reference? {
        if placeOf[node] == 0 { placeOf[node] = find(node) }
        guard placeOf[node] != Self.none else { return nil }
        let place = Int(placeOf[node] - 1)
        return Reference(edge: Int(retainers.edges[place]), source: Int(retainers.sources[place]))
    }

    /// How many references a path has at most; distances from V8's own roots begin at 100,000,000.
    func length(to node: Int) -> Int {
        let distance = Int(graph.distances[node])
        return max(0, distance >= Int(Distances.system) ? distance - Int(Distances.system) : distance)
    }

    private func find(_ node: Int) -> UInt32 {
        let links = Links(graph.snapshot.columns)
        let distance = graph.distances.pointer
        var (best, bestRank) = (Self.none, Int.max)
        guard distance[node] > 0 else { return best }
        for place in retainers.places(of: node) where distance[Int(retainers.sources.pointer[place])] == distance[node] &- 1 {
            let edge = Int(retainers.edges.pointer[place])
            let rank = Self.rank(links.edgeKind(edge))
            if rank < bestRank { (best, bestRank) = (UInt32(truncatingIfNeeded: place + 1), rank) }
            if rank == 0 { break }
        }
        withExtendedLifetime(graph) {}
        return best
    }

    /// What a programmer has a name for first.
    private static func rank(_ kind: UInt32) -> Int {
        switch kind {
        case EdgeKind.property: 0
        case EdgeKind.context, EdgeKind.shortcut: 1
        case EdgeKind.element: 2
        case EdgeKind.internal: 3
        case EdgeKind.hidden, EdgeKind.other: 4
        default: .max
        }
    }
}
