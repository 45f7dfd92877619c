/// For each node one edge that says how it is held: by its dominator, and on a shortest way to the root. Cost: 4 bytes a node each, 10 ns an edge.
struct HoldingEdges {
    /// Place of an edge from the immediate dominator, plus 1; 0 where several others hold the node together.
    let fromDominator: Column<UInt32>
    /// Place of an edge from a node that is one step nearer to the root, plus 1; 0 at the roots and where nothing leads.
    let fromNearer: Column<UInt32>

    init(_ graph: SnapshotGraph) {
        let links = Links(graph.snapshot.columns)
        (fromDominator, fromNearer) = (Column(links.nodeCount), Column(links.nodeCount))
        let (down, near) = (fromDominator.pointer, fromNearer.pointer)
        let (dominator, distance) = (graph.dominators.pointer, graph.distances.pointer)
        for node in 0..<links.nodeCount {
            let next = distance[node] &+ 1
            let isReached = distance[node] >= 0
            for edge in links.edges(node) where !links.isWeak(edge) {
                let child = Int(links.target[edge])
                let place = UInt32(truncatingIfNeeded: edge &+ 1)
                if dominator[child] == node, child != node, down[child] == 0 || HoldingEdges.isBetter(links, edge, than: down[child]) {
                    down[child] = place
                }
                guard isReached, distance[child] == next else { continue }
                if near[child] == 0 || HoldingEdges.isBetter(links, edge, than: near[child]) { near[child] = place }
            }
        }
        withExtendedLifetime(graph) {}
    }

    /// A name that stands in somebody's program says more than one of V8's.
    @inline(__always)
    private static func isBetter(_ links: Links, _ edge: Int, than place: UInt32) -> Bool {
        links.edgeKind(Int(place) &- 1) > EdgeKind.property && links.edgeKind(edge) <= EdgeKind.property
    }

    func free() {
        fromDominator.free()
        fromNearer.free()
    }
}

extension Links {
    /// The node that an edge starts at: 20 steps of a search.
    func source(of edge: Int) -> Int {
        var (low, high) = (0, nodeCount)
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(firstEdge[middle]) <= edge { low = middle } else { high = middle }
        }
        return low
    }
}
