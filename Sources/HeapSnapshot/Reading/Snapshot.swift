/// The types of `node_types` in the numbering of V8's heap-snapshot-generator.h (HeapGraphNode::Type, V8 13.6); files name their own order.
/// Types that come later get numbers from 16 on.
enum NodeKind {
    static let hidden: UInt8 = 0
    static let array: UInt8 = 1
    static let string: UInt8 = 2
    static let object: UInt8 = 3
    static let code: UInt8 = 4
    static let closure: UInt8 = 5
    static let regexp: UInt8 = 6
    static let number: UInt8 = 7
    static let native: UInt8 = 8
    static let synthetic: UInt8 = 9
    static let concatenatedString: UInt8 = 10
    static let slicedString: UInt8 = 11
    static let objectShape: UInt8 = 14
    static let names = [
        "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string",
        "symbol", "bigint", "object shape", "wasm object",
    ]
}

/// HeapGraphEdge::Type; three bits of an edge's label.
enum EdgeKind {
    static let context: UInt32 = 0
    static let element: UInt32 = 1
    static let property: UInt32 = 2
    static let `internal`: UInt32 = 3
    static let hidden: UInt32 = 4
    static let shortcut: UInt32 = 5
    static let weak: UInt32 = 6
    /// Whatever a later V8 writes; a strong edge with a name.
    static let other: UInt32 = 7
    static let names = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]
}

/// A snapshot as columns: no object per node, edge or string. A node is its ordinal, an edge its place in the file.
///
/// About 0.6 bytes of memory per byte of the file. Immutable once it was read.
public final class Snapshot: Sendable {
    public let header: SnapshotHeader
    /// Fewer than the header's where only a part could be read.
    public let nodeCount: Int
    public let edgeCount: Int
    /// Why there is not more of it: the snapshot ends early (`--partial`).
    public let truncation: SnapshotError?

    let columns: SnapshotColumns
    let strings: StringTable
    /// By the value in `columns.kind`.
    let kindNames: [String]

    init(header: SnapshotHeader, columns: SnapshotColumns, strings: StringTable, kindNames: [String], truncation: SnapshotError?) {
        (self.header, self.columns, self.strings, self.kindNames, self.truncation) = (header, columns, strings, kindNames, truncation)
        (nodeCount, edgeCount) = (columns.nodeCount, columns.edgeCount)
    }

    /// What V8 says is kept outside of the heap; 0 where the file does not say.
    var extraNativeBytes: UInt64 { min(UInt64(clamping: header.extraNativeBytes?.bytes ?? 0), SnapshotReader.largestTotal) }
    /// Bytes as V8 counted them, before anything is given to an owner.
    func selfSize(_ node: Int) -> UInt64 { columns.selfSize.size(node) }
    public func name(of node: Int) -> String { strings.text(Int(columns.name[node])) }
    public func id(of node: Int) -> UInt32 { columns.id[node] }
    public func kindName(of node: Int) -> String { kindNames[Int(columns.kind[node])] }
    func edges(of node: Int) -> Range<Int> { Int(columns.firstEdge[node])..<Int(columns.firstEdge[node + 1]) }
}

/// What is known of each node and edge, an array per fact.
struct SnapshotColumns: Sendable {
    var nodeCount = 0
    var edgeCount = 0
    /// `NodeKind`.
    let kind: Column<UInt8>
    /// Index of a string.
    let name: Column<UInt32>
    let id: Column<UInt32>
    let selfSize: SizeColumn
    /// One more than nodes: the edges of node i are `firstEdge[i]..<firstEdge[i + 1]`.
    let firstEdge: Column<UInt32>
    /// nil where the file has no such field (Node 14).
    let detachedness: Column<UInt8>?
    /// `EdgeKind` in the upper three bits, below them a string's index, or the number of an element or hidden edge.
    let label: Column<UInt32>
    /// An ordinal.
    let target: Column<UInt32>
    /// Element numbers from 2^29 - 1 on, by edge.
    var largeLabels: [UInt32: UInt32] = [:]
    /// Four numbers each: ordinal, script, line, column; in the file's order.
    var locations = Column<Int32>(1)
    var locationCount = 0

    static let labelBits: UInt32 = 29
    static let labelMask: UInt32 = (1 << labelBits) - 1

    @inline(__always) func edgeKind(_ edge: Int) -> UInt32 { label[edge] >> Self.labelBits }
    @inline(__always) func edgeLabel(_ edge: Int) -> UInt32 {
        let short = label[edge] & Self.labelMask
        return short == Self.labelMask ? largeLabels[UInt32(edge)] ?? short : short
    }
}

/// Sizes of four bytes, and those of 4 GiB and more beside them: a single backing store can be as large.
final class SizeColumn: @unchecked Sendable {  // because it is written by one phase and then only read, as a column is
    let small: Column<UInt32>
    private var large: [Int: UInt64] = [:]

    init(_ capacity: Int) { small = Column(capacity) }

    @inline(__always)
    func size(_ node: Int) -> UInt64 {
        let size = small[node]
        return size == .max ? large[node, default: UInt64(UInt32.max)] : UInt64(size)
    }

    @inline(__always)
    func set(_ node: Int, _ size: UInt64) {
        if size < UInt64(UInt32.max) {
            small[node] = UInt32(size)
        } else {
            small[node] = .max
            large[node] = size
        }
    }
}
