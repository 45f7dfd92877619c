/// Which hash one node of each of two snapshots has, and no other node of either.
///
/// Nodes are put in parts by their hashes first, so that what can be equal lies together: a table over all of them would miss the caches at each node.
///
/// Cost: 8 bytes for each node that takes part, and some 40 ns.
enum UniqueHashes {
    private static let parts = 1024

    /// - Parameters:
    ///   - hashes: of the nodes of each; well spread, as `mix` does.
    ///   - taken: by node, not 0: does not take part.
    ///   - body: is given the two nodes; what it takes counts from the next call on.
    static func forEachPair(
        _ hashes: (Column<UInt64>, Column<UInt64>), taken: (Column<UInt32>, Column<UInt32>), counts: (Int, Int), _ body: (Int, Int) -> Void
    ) {
        let mine = Parted(hashes.0, taken.0, counts.0), its = Parted(hashes.1, taken.1, counts.1)
        defer {
            mine.entries.free()
            its.entries.free()
        }
        let several = UInt32.max
        var table: [Slot] = []
        for part in 0..<parts {
            let a = mine.part(part), b = its.part(part)
            guard !a.isEmpty, !b.isEmpty else { continue }
            var capacity = 64
            while capacity < 2 * (a.count + b.count) { capacity *= 2 }
            table.removeAll(keepingCapacity: true)
            table.append(contentsOf: repeatElement(Slot(), count: capacity))
            table.withUnsafeMutableBufferPointer { table in
                @inline(__always) func place(_ entry: UInt64) -> Int {
                    let hash = UInt32(truncatingIfNeeded: entry >> 32)
                    var at = Int(hash) & (capacity &- 1)
                    while table[at].isUsed, table[at].hash != hash { at = (at &+ 1) & (capacity &- 1) }
                    table[at].hash = hash
                    return at
                }
                for entry in a {
                    let at = place(entry)
                    table[at].a = table[at].a == 0 ? UInt32(truncatingIfNeeded: entry) &+ 1 : several
                }
                for entry in b {
                    let at = place(entry)
                    table[at].b = table[at].b == 0 ? UInt32(truncatingIfNeeded: entry) &+ 1 : several
                }
                for slot in table where slot.a != 0 && slot.b != 0 && slot.a != several && slot.b != several {
                    body(Int(slot.a) - 1, Int(slot.b) - 1)
                }
            }
        }
    }

    /// Nodes are told by their ordinals, plus one.
    private struct Slot: BitwiseCopyable {
        var (hash, a, b): (UInt32, UInt32, UInt32) = (0, 0, 0)
        @inline(__always) var isUsed: Bool { a != 0 || b != 0 }
    }

    /// The upper half of an entry is the lower half of the hash, of which the uppermost bits chose the part; the lower half is the node.
    private struct Parted {
        let entries: Column<UInt64>
        private var ends = [Int](repeating: 0, count: parts + 1)

        init(_ hashes: Column<UInt64>, _ taken: Column<UInt32>, _ count: Int) {
            let hash = hashes.pointer, taken = taken.pointer
            @inline(__always) func part(_ node: Int) -> Int { Int(truncatingIfNeeded: hash[node] >> 54) }
            for node in 0..<count where taken[node] == 0 { ends[part(node) + 1] += 1 }
            for part in 1...parts { ends[part] += ends[part - 1] }
            entries = Column(max(1, ends[parts]))
            let entry = entries.pointer
            ends.withUnsafeMutableBufferPointer { ends in
                for node in 0..<count where taken[node] == 0 {
                    let part = part(node)
                    entry[ends[part]] = hash[node] << 32 | UInt64(truncatingIfNeeded: node)
                    ends[part] &+= 1
                }
            }
        }

        /// Each start has become the end.
        func part(_ part: Int) -> UnsafeBufferPointer<UInt64> {
            let start = part == 0 ? 0 : ends[part - 1]
            return UnsafeBufferPointer(start: entries.pointer + start, count: ends[part] - start)
        }
    }
}
