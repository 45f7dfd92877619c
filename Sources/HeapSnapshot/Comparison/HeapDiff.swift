/// What node-memwatch's `HeapDiff.end()` returns, but for the times, which a snapshot does not know.
public struct HeapDiff: Sendable, Hashable, Codable {
    public struct Heap: Sendable, Hashable, Codable {
        public var nodes: Int
        public var size_bytes: UInt64
        /// `11.54 mb`.
        public var size: String
    }

    public struct Detail: Sendable, Hashable, Codable {
        public var what: String
        public var size_bytes: Int64
        public var size: String
        /// Objects allocated.
        public var added: Int
        /// Objects freed.
        public var removed: Int

        enum CodingKeys: String, CodingKey {
            case what, size_bytes, size
            case added = "+"
            case removed = "-"
        }
    }

    public struct Change: Sendable, Hashable, Codable {
        public var size_bytes: Int64
        public var size: String
        public var freed_nodes: Int
        public var allocated_nodes: Int
        /// The largest growth first.
        public var details: [Detail]
    }

    public var before: Heap
    public var after: Heap
    public var change: Change

    /// - Returns: nil without identities: which objects came and went is all that this form says (contract 33).
    public init?(_ comparison: Comparison) {
        guard comparison.identity != .none else { return nil }
        let (old, new) = (comparison.before, comparison.after)
        before = Heap(nodes: old.nodeCount, size_bytes: old.bytes, size: HeapDiff.text(Int64(clamping: old.bytes)))
        after = Heap(nodes: new.nodeCount, size_bytes: new.bytes, size: HeapDiff.text(Int64(clamping: new.bytes)))
        let bytes = Int64(clamping: new.bytes) - Int64(clamping: old.bytes)
        let details = comparison.rows.map { row in
            Detail(
                what: row.name, size_bytes: row.bytesDelta, size: HeapDiff.text(row.bytesDelta), added: row.addedCount ?? 0,
                removed: row.removedCount ?? 0)
        }
        change = Change(
            size_bytes: bytes, size: HeapDiff.text(bytes), freed_nodes: details.reduce(0) { $0 + $1.removed },
            allocated_nodes: details.reduce(0) { $0 + $1.added }, details: details)
    }

    /// memwatch's way: two decimals at most, in mb above 1 MiB, in kb above 1 KiB, else in bytes.
    static func text(_ bytes: Int64) -> String {
        func rounded(_ unit: Double) -> String {
            let hundredths = Int64((Double(bytes) / unit * 100).rounded())
            let (whole, rest) = (hundredths.magnitude / 100, hundredths.magnitude % 100)
            let decimals = rest == 0 ? "" : rest % 10 == 0 ? ".\(rest / 10)" : rest < 10 ? ".0\(rest)" : ".\(rest)"
            return (hundredths < 0 ? "-" : "") + "\(whole)\(decimals)"
        }
        if bytes.magnitude > 1 << 20 { return rounded(1_048_576) + " mb" }
        if bytes.magnitude > 1 << 10 { return rounded(1_024) + " kb" }
        return "\(bytes) bytes"
    }
}
