/// The edges backwards: who refers to a node. Made on demand: 8 bytes an edge, 15 ns each.
struct Retainers: Sendable {
    /// Places in the file's order of edges, those that lead to one node side by side.
    let edges: Column<UInt32>
    /// Where each of them comes from: ordinals.
    let sources: Column<UInt32>
    private let first: Column<UInt32>

    /// All edges, weak ones too.
    init(_ snapshot: Snapshot) {
        let links = Links(snapshot.columns)
        first = Column(links.nodeCount + 2)
        (edges, sources) = (Column(links.edgeCount), Column(links.edgeCount))
        // start[n + 2] counts, start[n + 1] is where the next one goes, and becomes the end.
        let start = first.pointer
        for edge in 0..<links.edgeCount { start[Int(links.target[edge]) &+ 2] &+= 1 }
        for node in 1..<links.nodeCount + 2 { start[node] &+= start[node &- 1] }
        for node in 0..<links.nodeCount {
            for edge in links.edges(node) {
                let of = Int(links.target[edge]) &+ 1
                let place = Int(start[of])
                edges.pointer[place] = UInt32(truncatingIfNeeded: edge)
                sources.pointer[place] = UInt32(truncatingIfNeeded: node)
                start[of] &+= 1
            }
        }
        withExtendedLifetime(snapshot) {}
    }

    /// Places in `edges` and `sources`.
    @inline(__always)
    func places(of node: Int) -> Range<Int> { Range(uncheckedBounds: (Int(first.pointer[node]), Int(first.pointer[node &+ 1]))) }
}
