/// Whether DOM nodes, and what the embedder keeps like them, still belong to a document.
enum Detachedness {
    static let attached: UInt8 = 1
    static let detached: UInt8 = 2

    /// Spreads what the file says of some native nodes to those they lead to (DevTools: propagateDOMState): first that they are attached, then that
    /// they are not.
    /// - Returns: one value per node, 0 for unknown; nil where the file has no such field.
    static func propagate(_ columns: SnapshotColumns, _ links: Links) -> Column<UInt8>? {
        guard let said = columns.detachedness else { return nil }
        let state = Column<UInt8>(links.nodeCount)
        var (attached, loose): ([Int], [Int]) = ([], [])
        func decide(_ node: Int, _ value: UInt8) {
            guard state[node] == 0, links.kind[node] == NodeKind.native else { return }
            state[node] = value
            if value == self.attached { attached.append(node) } else if value == detached { loose.append(node) }
        }
        func spread(from node: Int, _ value: UInt8) {
            for edge in links.edges(node) {
                let kind = links.edgeKind(edge)
                if kind != EdgeKind.hidden, kind != EdgeKind.weak, kind != EdgeKind.other { decide(Int(links.target[edge]), value) }
            }
        }
        for node in 0..<links.nodeCount where said[node] != 0 { decide(node, said[node]) }
        while let node = attached.popLast() { spread(from: node, self.attached) }
        while let node = loose.popLast() { spread(from: node, detached) }
        return state
    }
}
