/// The dominator tree downwards. Cost: 8 bytes and 7 ns a node.
struct DominatedNodes: Sendable {
    /// Ordinals, those of one dominator side by side, ascending.
    let nodes: Column<UInt32>
    private let first: Column<UInt32>

    init(_ graph: SnapshotGraph) {
        let count = graph.snapshot.nodeCount
        first = Column(count + 2)
        nodes = Column(count)
        let start = first.pointer, dominator = graph.dominators.pointer
        // start[d + 2] counts, start[d + 1] is where the next one goes, and becomes the end.
        for node in 1..<max(1, count) { start[Int(dominator[node]) &+ 2] &+= 1 }
        for node in 1..<count + 2 { start[node] &+= start[node &- 1] }
        for node in 1..<max(1, count) {
            let of = Int(dominator[node]) &+ 1
            nodes.pointer[Int(start[of])] = UInt32(truncatingIfNeeded: node)
            start[of] &+= 1
        }
    }

    /// Places in `nodes`.
    @inline(__always)
    func children(of node: Int) -> Range<Int> { Range(uncheckedBounds: (Int(first.pointer[node]), Int(first.pointer[node &+ 1]))) }
}
