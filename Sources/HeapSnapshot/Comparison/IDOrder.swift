/// Nodes by ascending id: three passes of a radix sort, 11 bits each, 30 ms for 2.6 million.
enum IDOrder {
    private static let bits: UInt64 = 11

    /// - Parameter ordinals: what to sort; comes back in the order of the ids, equal ones as they were.
    static func sort(_ ordinals: Column<UInt32>, count: Int, by id: UnsafePointer<UInt32>) {
        let (pairs, others) = (Column<UInt64>(count), Column<UInt64>(count))
        defer {
            pairs.free()
            others.free()
        }
        for at in 0..<count {
            let node = ordinals.pointer[at]
            pairs.pointer[at] = UInt64(id[Int(node)]) << 32 | UInt64(node)
        }
        var (from, to) = (pairs.pointer, others.pointer)
        for shift: UInt64 in [32, 32 + bits, 32 + 2 * bits] {
            var starts = [Int](repeating: 0, count: 1 << Int(bits) + 1)
            for at in 0..<count { starts[Int(from[at] >> shift & (1 << bits - 1)) &+ 1] &+= 1 }
            for digit in 1..<starts.count { starts[digit] &+= starts[digit &- 1] }
            for at in 0..<count {
                let digit = Int(from[at] >> shift & (1 << bits - 1))
                to[starts[digit]] = from[at]
                starts[digit] &+= 1
            }
            swap(&from, &to)
        }
        for at in 0..<count { ordinals.pointer[at] = UInt32(truncatingIfNeeded: from[at]) }
    }
}
