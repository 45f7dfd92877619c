/// Gives the size of what only one object uses to that object: the elements of an array, the table of a Map.
enum ShallowSizes {
    private static let unclaimed = UInt32.max
    private static let shared = UInt32.max - 1

    /// DevTools' calculateShallowSizes. Ownership spreads along all edges but weak ones; the result does not depend on the order.
    ///
    /// - Returns: one size per node; V8's own where there is no user root (exposeInternals), as in DevTools.
    static func transferred(_ columns: SnapshotColumns, _ links: Links, _ names: KnownNames, _ userRoots: [Int]) -> SizeColumn {
        let sizes = SizeColumn(links.nodeCount)
        for node in 0..<links.nodeCount { sizes.set(node, columns.selfSize.size(node)) }
        guard !userRoots.isEmpty else { return sizes }

        let ownerColumn = Column<UInt32>(links.nodeCount)
        defer { ownerColumn.free() }
        let owner = ownerColumn.pointer
        for node in 0..<links.nodeCount {
            let kind = links.kind[node]
            let isCandidate =
                kind == NodeKind.hidden || kind == NodeKind.array || kind == NodeKind.native && links.name[node] == names.externalStringData
            owner[node] = isCandidate ? unclaimed : UInt32(truncatingIfNeeded: node)
        }
        // A candidate comes on the stack when it is claimed and when it is found to be shared.
        var stack = NodeStack(2 * links.nodeCount)
        func spread(_ node: Int, _ mine: UInt32, _ stack: inout NodeStack) {
            for edge in links.edges(node) {
                let child = Int(links.target[edge])
                let its = owner[child]
                if its == child || its == mine || its == shared || links.isWeak(edge) { continue }
                owner[child] = its == unclaimed ? mine : shared
                stack.push(child)
            }
        }
        for node in 0..<links.nodeCount where owner[node] == node { spread(node, UInt32(truncatingIfNeeded: node), &stack) }
        while let node = stack.pop() { spread(node, owner[node], &stack) }

        for node in 0..<links.nodeCount {
            let its = owner[node]
            if its == node || its >= shared || its == 0 || links.kind[Int(its)] == NodeKind.synthetic { continue }
            sizes.set(Int(its), sizes.size(Int(its)) &+ sizes.size(node))
            sizes.set(node, 0)
        }
        return sizes
    }
}
