/// The snapshot as plain pointers, for the passes over all nodes and edges: a subscript that asks anything costs more than the work itself.
/// Valid as long as the snapshot, which whoever runs a pass holds.
///
/// `@unchecked Sendable` because what it points to is only read.
struct Links: @unchecked Sendable {
    let nodeCount: Int
    let edgeCount: Int
    let kind: UnsafePointer<UInt8>
    let name: UnsafePointer<UInt32>
    let firstEdge: UnsafePointer<UInt32>
    let label: UnsafePointer<UInt32>
    let target: UnsafePointer<UInt32>

    init(_ columns: SnapshotColumns) {
        (nodeCount, edgeCount) = (columns.nodeCount, columns.edgeCount)
        kind = UnsafePointer(columns.kind.pointer)
        name = UnsafePointer(columns.name.pointer)
        firstEdge = UnsafePointer(columns.firstEdge.pointer)
        label = UnsafePointer(columns.label.pointer)
        target = UnsafePointer(columns.target.pointer)
    }

    @inline(__always) func edges(_ node: Int) -> Range<Int> { Range(uncheckedBounds: (Int(firstEdge[node]), Int(firstEdge[node &+ 1]))) }
    @inline(__always) func edgeKind(_ edge: Int) -> UInt32 { label[edge] >> SnapshotColumns.labelBits }
    @inline(__always) func isWeak(_ edge: Int) -> Bool {
        label[edge] >= EdgeKind.weak << SnapshotColumns.labelBits && edgeKind(edge) == EdgeKind.weak
    }
}

/// A stack of ordinals that is made once for the largest depth there can be: no node is on it twice.
struct NodeStack: ~Copyable {
    private let column: Column<UInt32>
    private let base: UnsafeMutablePointer<UInt32>
    private(set) var count = 0

    init(_ capacity: Int) {
        column = Column(capacity)
        base = column.pointer
    }

    @inline(__always) mutating func push(_ node: Int) {
        base[count] = UInt32(truncatingIfNeeded: node)
        count &+= 1
    }

    @inline(__always) mutating func pop() -> Int? {
        guard count > 0 else { return nil }
        count &-= 1
        return Int(base[count])
    }
}
