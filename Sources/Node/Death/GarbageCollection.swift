public import Units

/// One line of V8's "Last few GCs".
public struct GarbageCollection: Sendable, Hashable, Codable {
    /// After the start of the isolate.
    public var at: Duration
    /// `Mark-Compact (reduce)`, `Mark-sweep`, `Scavenge`.
    public var kind: String
    public var usedBefore: ByteCount
    public var committedBefore: ByteCount
    public var usedAfter: ByteCount
    public var committedAfter: ByteCount
    /// Nil where the line was cut before it: V8 keeps them in a ring of 512 bytes.
    public var pause: Duration?

    /// The format is that of GCTracer::Print (V8, src/heap/gc-tracer.cc), whose MB are MiB.
    /// ```
    /// [10326:0x1ee8c840]      105 ms: Mark-Compact (reduce) 28.7 (30.7) -> 28.7 (30.7) MB, 16.18 / 0.00 ms  (+ 0.7 ms in 3 steps …
    /// [10437:0x14001000]       34 ms: Mark-Compact 34.1 (67.0) -> 26.5 (59.1) MB, pooled: 0 MB, 1.92 / 0.00 ms  (average mu = 0.527, …
    /// [42:0x5581d0]     2130 ms: Mark-sweep 4.7 (6.6) -> 4.6 (6.6) MB, 12.0 / 0.0 ms  (average mu = 0.1, current mu = 0.0) last resort
    /// ```
    init?(_ line: Substring) {
        guard line.hasPrefix("["), let header = line.firstIndex(of: "]"), let colon = line[header...].range(of: " ms: ")?.lowerBound,
            let milliseconds = Double(line[line.index(after: header)..<colon].trimmed),
            let arrow = line[colon...].range(of: " -> ")
        else { return nil }
        let before = line[line.index(colon, offsetBy: 5)..<arrow.lowerBound].split(separator: " ")
        let after = line[arrow.upperBound...].split(separator: " ", maxSplits: 2)
        guard before.count >= 3, after.count == 3, let usedBefore = mebibytes(before[before.count - 2]),
            let committedBefore = mebibytes(before.last!),
            let usedAfter = mebibytes(after[0]), let committedAfter = mebibytes(after[1])
        else { return nil }
        at = .milliseconds(milliseconds)
        kind = before.dropLast(2).joined(separator: " ")
        (self.usedBefore, self.committedBefore, self.usedAfter, self.committedAfter) = (usedBefore, committedBefore, usedAfter, committedAfter)
        pause = after[2].range(of: " / ").flatMap { slash in
            after[2][..<slash.lowerBound].split(separator: " ").last.flatMap { Double($0) }.map { .milliseconds($0) }
        }
    }
}

/// `28.7` and `(30.7)`.
private func mebibytes(_ text: Substring) -> ByteCount? {
    guard let count = Double(text.filter { $0 != "(" && $0 != ")" }), count >= 0, count < 1e9 else { return nil }
    return ByteCount(rounding: count * 1_048_576)
}
