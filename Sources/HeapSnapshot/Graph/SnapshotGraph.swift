/// What DevTools computes of a snapshot when it opens one, and equal to it for every node: heap_snapshot_worker/HeapSnapshot.ts of DevTools 156,
/// heapsnapshot-format.md part 2.
///
/// Cost: 0.2 s for 2.9 million nodes and 9.4 million edges, and some 29 bytes per node beside the snapshot while it works (of 193 MB, on 2 vCPUs).
public final class SnapshotGraph: Sendable {
    public let snapshot: Snapshot
    /// Shallow sizes, after what only one object uses was given to it.
    let sizes: SizeColumn
    /// `Distances.unset` where nothing leads to a node.
    let distances: Column<Int32>
    let dominators: Column<UInt32>
    /// Own size and that of all that is dominated.
    let retained: Column<UInt64>
    let detachedness: Column<UInt8>?
    let userRoots: [Int]
    let names: KnownNames
    /// With two threads made beside the dominators, which take the longest.
    private let classesMade: ClassTable?
    /// Of the heap and of what V8 says is kept outside of it.
    public let totalBytes: UInt64

    /// - Parameter threads: 2: sizes, distances and classes beside the dominators; needs some 12 bytes more per node.
    public init(_ snapshot: Snapshot, threads: Int = 1) {
        let columns = snapshot.columns
        let links = Links(columns)
        let names = KnownNames(snapshot.strings)
        let roots = Roots(links, names)
        detachedness = Detachedness.propagate(columns, links)
        func makeTree() -> Dominators {
            let essential = EssentialEdges.find(snapshot, links, names, roots)
            roots.isPageOwned.free()
            defer { essential.free() }
            return Dominators(links, essential: essential)
        }
        let tree: Dominators
        (tree, (sizes, distances, classesMade)) = concurrently(threads, makeTree) { [detachedness] in
            (
                ShallowSizes.transferred(columns, links, names, roots.user), Distances.calculate(columns, links, names, roots.user),
                threads > 1 ? ClassTable(snapshot, detachedness: detachedness) : nil
            )
        }
        userRoots = roots.user
        dominators = tree.dominator
        retained = SnapshotGraph.retained(sizes, tree, count: links.nodeCount)
        tree.order.free()
        totalBytes = retained[0] + snapshot.extraNativeBytes
        (self.snapshot, self.names) = (snapshot, names)
        withExtendedLifetime(columns) {}
    }

    /// From the last of the search to the first: each adds to its dominator.
    private static func retained(_ sizes: SizeColumn, _ tree: Dominators, count: Int) -> Column<UInt64> {
        let column = Column<UInt64>(count)
        let retained = column.pointer
        for node in 0..<count { retained[node] = sizes.size(node) }
        for at in stride(from: count - 1, to: 0, by: -1) {
            let node = Int(tree.order.pointer[at])
            retained[Int(tree.dominator.pointer[node])] &+= retained[node]
        }
        return column
    }

    /// Cost: 5 ns a node where they are not made yet.
    func classes() -> ClassTable { classesMade ?? ClassTable(snapshot, detachedness: detachedness) }

    public func retainedSize(of node: Int) -> UInt64 { retained[node] }
    public func shallowSize(of node: Int) -> UInt64 { sizes.size(node) }
    public func distance(of node: Int) -> Int32 { distances[node] }
    public func dominator(of node: Int) -> Int { Int(dominators[node]) }
}
