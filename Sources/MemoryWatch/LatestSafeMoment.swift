public import Units

/// The last instant at which a capture in place still fits below the limit, and still stops the service for less than it may (contract 12).
///
/// use + growth t + extraPerHeapByte (heap + heapGrowth t) = limit is the end of memory, heap + heapGrowth t = patientHeap the end of patience.
/// A stopped service does not grow meanwhile.
public struct LatestSafeMoment: Sendable, Hashable {
    public enum Bound: String, Sendable, Codable { case memory, pause }

    /// From now, less the reaction time; 0 when it is now or over.
    public var remaining: Duration
    public var boundBy: Bound
    /// A capture started now would not fit any more.
    public var passed: Bool

    public init(remaining: Duration, boundBy: Bound, passed: Bool) {
        self.remaining = remaining
        self.boundBy = boundBy
        self.passed = passed
    }

    /// - Parameters:
    ///   - growth, heapGrowth: per second; at or below 0 counts as not growing.
    ///   - limit: the smallest that counts, with what may be lent.
    ///   - extraPerHeapByte: memory that a snapshot takes besides the heap.
    ///   - patientHeap: the largest heap whose snapshot stops the service no longer than it may; nil when it does not stop.
    ///   - reaction: from the decision to the first byte of the walk.
    /// - Returns: nil when a capture fits and nothing grows: there is no such moment.
    public static func compute(
        use: ByteCount, growth: ByteCount, heap: ByteCount, heapGrowth: ByteCount, limit: ByteCount, extraPerHeapByte: Double,
        patientHeap: ByteCount?, reaction: Duration
    ) -> LatestSafeMoment? {
        let heapRate = max(0, Double(heapGrowth.bytes))
        let spare = Double((limit - use).bytes) - extraPerHeapByte * Double(heap.bytes)
        let memory = seconds(until: spare, rate: max(0, Double(growth.bytes)) + extraPerHeapByte * heapRate)
        let pause = patientHeap.map { seconds(until: Double(($0 - heap).bytes), rate: heapRate) } ?? .infinity
        let soonest = min(memory, pause)
        guard soonest < .infinity else { return nil }
        return LatestSafeMoment(
            remaining: Duration(inSeconds: max(0, soonest - reaction.inSeconds)), boundBy: memory <= pause ? .memory : .pause, passed: soonest < 0)
    }

    private static func seconds(until spare: Double, rate: Double) -> Double {
        if spare < 0 { return -.infinity }
        return rate > 0 ? spare / rate : .infinity
    }
}
