/// How each node hangs from the roots, by names only: the shortest way there, as classes and edges. Means the same in every process of a program.
///
/// Numbers of elements are left out, and a step that was taken a short way above is not taken again: a list of 10,000 links has one signature.
struct PathSignatures {
    struct Step: Hashable {
        /// A string's index; nil: a number.
        var edge: UInt32?
        var ofClass: UInt32
    }

    /// A tree of steps; 0 is the root.
    private(set) var parent: [UInt32] = [0]
    private(set) var step: [Step] = [Step(edge: nil, ofClass: 0)]
    /// By ordinal, an index of the tree.
    let of: Column<UInt32>

    /// As far up as a repetition is looked for.
    private static let longestCycle = 8
    /// More edges with names than a class has fields: a dictionary, whose keys are no names.
    private static let largestObject = 100
    /// So many different ways are more than anybody looks at; what comes then counts where it branches off.
    private static let limit = 1 << 20

    init(_ graph: SnapshotGraph, _ classes: ClassTable) {
        let links = Links(graph.snapshot.columns)
        let distance = graph.distances.pointer
        of = Column(links.nodeCount)
        let order = PathSignatures.byDistance(distance, links.nodeCount)
        let (retainer, retainingEdge) = PathSignatures.nearest(links, distance)
        defer {
            order.free()
            retainer.free()
            retainingEdge.free()
        }
        var known: [UInt64: UInt32] = [:]
        for at in 0..<links.nodeCount {
            let node = Int(order.pointer[at])
            let edge = Int(retainingEdge.pointer[node]) - 1
            let from = Int(retainer.pointer[node])
            let up = edge < 0 ? 0 : of.pointer[from]
            let next = Step(edge: edge < 0 ? nil : PathSignatures.name(edge, links.edges(from).count, links), ofClass: classes.classOf.pointer[node])
            of.pointer[node] = self.next(up, next, &known)
        }
    }

    private mutating func next(_ up: UInt32, _ taken: Step, _ known: inout [UInt64: UInt32]) -> UInt32 {
        var above = up
        for _ in 0..<Self.longestCycle where above != 0 {
            if step[Int(above)] == taken { return above }
            above = parent[Int(above)]
        }
        var key = mix(UInt64(up) << 32 | UInt64(taken.ofClass), UInt64(taken.edge ?? .max))
        while let found = known[key] {
            if parent[Int(found)] == up, step[Int(found)] == taken { return found }
            key &+= 1
        }
        guard parent.count < Self.limit else { return up }
        known[key] = UInt32(parent.count)
        parent.append(up)
        step.append(taken)
        return UInt32(parent.count - 1)
    }

    private static func name(_ edge: Int, _ siblings: Int, _ links: Links) -> UInt32? {
        let kind = links.edgeKind(edge)
        if kind == EdgeKind.element || kind == EdgeKind.hidden || siblings > largestObject { return nil }
        return links.label[edge] & SnapshotColumns.labelMask
    }

    /// The first node that is one step nearer, and one more than its edge; 0 and 0 for roots and what nothing leads to.
    private static func nearest(_ links: Links, _ distance: UnsafeMutablePointer<Int32>) -> (retainer: Column<UInt32>, edge: Column<UInt32>) {
        let (retainer, retainingEdge) = (Column<UInt32>(links.nodeCount), Column<UInt32>(links.nodeCount))
        for node in 0..<links.nodeCount where distance[node] >= 0 {
            for edge in links.edges(node) where !links.isWeak(edge) {
                let child = Int(links.target[edge])
                if distance[child] == distance[node] &+ 1, retainingEdge.pointer[child] == 0 {
                    retainingEdge.pointer[child] = UInt32(truncatingIfNeeded: edge &+ 1)
                    retainer.pointer[child] = UInt32(truncatingIfNeeded: node)
                }
            }
        }
        return (retainer, retainingEdge)
    }

    private static func byDistance(_ distance: UnsafeMutablePointer<Int32>, _ count: Int) -> Column<UInt32> {
        let (order, keys) = (Column<UInt32>(count), Column<UInt32>(count))
        defer { keys.free() }
        for node in 0..<count {
            order.pointer[node] = UInt32(truncatingIfNeeded: node)
            keys.pointer[node] = UInt32(bitPattern: max(0, distance[node]))
        }
        IDOrder.sort(order, count: count, by: keys.pointer)
        return order
    }
}
