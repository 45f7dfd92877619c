/// How many references away from a user root a node is (DevTools: calculateDistances).
enum Distances {
    /// What no reference leads to.
    static let unset: Int32 = -5
    /// From here on: reached from V8's own roots only.
    public static let system: Int32 = 100_000_000

    /// Breadth first, from the user roots at 1, then from the root at 100,000,000 (0 where there is no user root). Weak edges do not count, and an
    /// entry of a WeakMap is followed once both its key and its table were reached.
    static func calculate(_ columns: SnapshotColumns, _ links: Links, _ names: KnownNames, _ userRoots: [Int]) -> Column<Int32> {
        let distance = Column<Int32>(links.nodeCount, repeating: unset)
        let queueColumn = Column<UInt32>(links.nodeCount)
        defer { queueColumn.free() }
        let (queue, far) = (queueColumn.pointer, distance.pointer)
        var pending: Set<Int> = []

        /// - Returns: whether this edge is one of those that V8 has for itself.
        func isFiltered(_ node: Int, _ edge: Int) -> Bool {
            if links.kind[node] == NodeKind.hidden, links.name[node] == names.nativeContext {
                let kind = links.edgeKind(edge)
                if kind != EdgeKind.element, kind != EdgeKind.hidden, columns.edgeLabel(edge) == names.sloppyFunctionMap { return true }
            }
            if links.kind[node] == NodeKind.array, links.name[node] == names.mapDescriptors {
                let kind = links.edgeKind(edge)
                let number = columns.edgeLabel(edge)
                if kind == EdgeKind.element || kind == EdgeKind.hidden, number >= 2, number % 3 == 1 { return true }
            }
            guard links.edgeKind(edge) == EdgeKind.internal, let pair = names.weakMapPairs[columns.edgeLabel(edge)] else { return false }
            if pending.remove(pair.entry) != nil { return false }
            pending.insert(pair.entry)
            return true
        }
        func visit(_ starts: [Int], at first: Int32) {
            var (head, tail) = (0, 0)
            for start in starts where far[start] == unset {
                far[start] = first
                queue[tail] = UInt32(start)
                tail &+= 1
            }
            let hasPairs = !names.weakMapPairs.isEmpty
            while head < tail {
                let node = Int(queue[head])
                head &+= 1
                let next = far[node] &+ 1
                let isSpecial = links.name[node] == names.nativeContext || links.name[node] == names.mapDescriptors
                for edge in links.edges(node) {
                    let child = Int(links.target[edge])
                    if far[child] != unset || links.isWeak(edge) { continue }
                    if isSpecial || hasPairs && links.edgeKind(edge) == EdgeKind.internal, isFiltered(node, edge) { continue }
                    far[child] = next
                    queue[tail] = UInt32(truncatingIfNeeded: child)
                    tail &+= 1
                }
            }
        }
        visit(userRoots, at: 1)
        if far[0] == unset { visit([0], at: userRoots.isEmpty ? 0 : system) }
        return distance
    }
}
