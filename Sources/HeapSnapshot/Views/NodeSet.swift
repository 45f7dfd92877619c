/// Some of a snapshot's nodes: a bit each.
public struct NodeSet: Sendable {
    private let words: Column<UInt64>
    public let nodeCount: Int

    init(nodeCount: Int) {
        words = Column(nodeCount / 64 + 1)
        self.nodeCount = nodeCount
    }

    @inline(__always) public func contains(_ node: Int) -> Bool { words.pointer[node >> 6] & (1 << UInt64(node & 63)) != 0 }
    @inline(__always) func insert(_ node: Int) { words.pointer[node >> 6] |= 1 << UInt64(node & 63) }

    public var count: Int { (0...nodeCount / 64).reduce(0) { $0 + words[$1].nonzeroBitCount } }
}
