/// Where a program's own objects hang.
struct Roots {
    /// Children of the root that are not V8's own, in the order of its edges: `global` up to Node 24, `system / NativeContext` in 26.
    let user: [Int]
    /// 1 for what can be reached from `global` and the document: the embedder's references to those do not count as owning them.
    let isPageOwned: Column<UInt8>

    /// DevTools: isUserRoot, markPageOwnedNodes.
    init(_ links: Links, _ names: KnownNames) {
        var user: [Int] = []
        var seen: Set<Int> = []
        isPageOwned = Column(links.nodeCount)
        let owned = isPageOwned.pointer
        // In the order in which they are found, which is nearly that of the file: V8 finds nodes the same way.
        let queueColumn = Column<UInt32>(links.nodeCount)
        defer { queueColumn.free() }
        let queue = queueColumn.pointer
        var (head, tail) = (0, 0)
        for edge in links.edges(0) {
            let child = Int(links.target[edge])
            let isDocument = links.kind[child] == NodeKind.synthetic && links.name[child] == names.documentTrees
            if links.kind[child] != NodeKind.synthetic || isDocument, seen.insert(child).inserted { user.append(child) }
            let kind = links.edgeKind(edge)
            guard kind == EdgeKind.shortcut || kind == EdgeKind.element && isDocument, owned[child] == 0 else { continue }
            owned[child] = 1
            queue[tail] = UInt32(truncatingIfNeeded: child)
            tail &+= 1
        }
        while head < tail {
            let node = Int(queue[head])
            head &+= 1
            for edge in links.edges(node) where !links.isWeak(edge) {
                let child = Int(links.target[edge])
                if owned[child] != 0 { continue }
                owned[child] = 1
                queue[tail] = UInt32(truncatingIfNeeded: child)
                tail &+= 1
            }
        }
        self.user = user
    }
}
