/// The edges that keep their target alive, as DevTools sees it: the graph of which dominators are computed.
enum EssentialEdges {
    /// - Returns: one bit per edge, 64 in a word.
    static func find(_ snapshot: Snapshot, _ links: Links, _ names: KnownNames, _ roots: Roots) -> Column<UInt64> {
        let bits = Column<UInt64>(links.edgeCount / 64 + 1)
        let (word, owned) = (bits.pointer, roots.isPageOwned.pointer)
        let hasPairs = !names.weakMapPairs.isEmpty
        for node in 0..<links.nodeCount {
            let isRoot = node == 0
            let isForeign = owned[node] == 0
            for edge in links.edges(node) {
                let child = Int(links.target[edge])
                let kind = links.edgeKind(edge)
                if kind == EdgeKind.weak || child == node { continue }
                if !isRoot, kind == EdgeKind.shortcut || isForeign && owned[child] != 0 { continue }
                // Of the two edges of a WeakMap's entry the key's counts: the value lives as long as the key does.
                if hasPairs, kind == EdgeKind.internal, let pair = names.weakMapPairs[snapshot.columns.edgeLabel(edge)],
                    pair.table == snapshot.columns.id[node]
                {
                    continue
                }
                word[edge >> 6] |= 1 << UInt64(edge & 63)
            }
        }
        return bits
    }
}
