/// What a comparison needs of a snapshot: each object's id, row and shallow size, in the order of the ids. The snapshot itself can go.
///
/// Memory: 12 bytes per object. Cost: 80 ns a node, without dominators.
public struct Census: Sendable {
    /// A row of the Comparison view: a class, and where its constructor is, for objects with a location.
    struct Row: Hashable, Sendable {
        var name: String
        var location: SourceLocation?
    }

    public let totals: HeapTotals
    let rows: [Row]
    /// Objects: nodes with a size, after what only one object uses was given to it.
    let count: Int
    let id: Column<UInt32>
    /// An index of `rows`.
    let rowOf: Column<UInt32>
    let sizes: SizeColumn
    /// Property names of the plain objects that have a class of their own here.
    let definitions: [[String]]

    /// - Parameters:
    ///   - last: of the snapshot that this one is compared with, the later one: its classes of plain objects are used here, too (DevTools:
    ///     calculateSnapshotDiff). So the later one is read first.
    ///   - identities: ids to use instead of the snapshot's own; by ordinal.
    public init(_ snapshot: Snapshot, namedAs last: Census? = nil, identities: Identities? = nil) {
        let links = Links(snapshot.columns)
        let names = KnownNames(snapshot.strings)
        let roots = Roots(links, names)
        let sizes = ShallowSizes.transferred(snapshot.columns, links, names, roots.user)
        roots.isPageOwned.free()
        let detachedness = Detachedness.propagate(snapshot.columns, links)
        self.init(snapshot, sizes, detachedness, last, identities)
        sizes.small.free()
    }

    /// Of a graph that is there already.
    public init(_ graph: SnapshotGraph, namedAs last: Census? = nil, identities: Identities? = nil) {
        self.init(graph.snapshot, graph.sizes, graph.detachedness, last, identities)
    }

    private init(_ snapshot: Snapshot, _ all: SizeColumn, _ detachedness: Column<UInt8>?, _ last: Census?, _ identities: Identities?) {
        let classes = ClassTable(snapshot, detachedness: detachedness, definitions: last?.definitions)
        let grouping = Grouping(classes, locationsOf: snapshot)
        rows = (0..<grouping.count).map { Row(name: classes.names[Int(grouping.classOf[$0])], location: grouping.locationOf[$0]) }
        definitions = last?.definitions ?? classes.definitions.map { $0.properties.map { snapshot.strings.text(Int($0)) } }

        let order = Column<UInt32>(snapshot.nodeCount)
        defer { order.free() }
        var (found, bytes): (Int, UInt64) = (0, 0)
        for node in 0..<snapshot.nodeCount {
            let size = all.size(node)
            if size == 0 { continue }
            bytes &+= size
            order.pointer[found] = UInt32(truncatingIfNeeded: node)
            found &+= 1
        }
        let ids = (identities?.id ?? snapshot.columns.id).pointer
        IDOrder.sort(order, count: found, by: ids)
        count = found
        (id, rowOf, sizes) = (Column(found), Column(found), SizeColumn(found))
        for at in 0..<found {
            let node = Int(order.pointer[at])
            id.pointer[at] = ids[node]
            rowOf.pointer[at] = grouping.groupOf.pointer[node]
            sizes.set(at, all.size(node))
        }
        totals = HeapTotals(nodeCount: snapshot.nodeCount, bytes: bytes &+ UInt64(clamping: snapshot.header.extraNativeBytes?.bytes ?? 0))
        withExtendedLifetime((snapshot, identities)) {}
    }
}

/// How large a heap is.
public struct HeapTotals: Sendable, Hashable, Codable {
    public var nodeCount: Int
    /// Of the heap and of what V8 says is kept outside of it.
    public var bytes: UInt64
}
