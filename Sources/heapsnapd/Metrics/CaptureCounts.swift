import SnapshotStore
import Units

/// What has come of captures since the daemon's start. Bounded: rungs, states and refusal codes are closed lists.
struct CaptureCounts: Sendable {
    struct Outcome: Sendable, Hashable, Comparable {
        var rung, state: String
        static func < (a: Self, b: Self) -> Bool { (a.rung, a.state) < (b.rung, b.state) }
    }

    private(set) var captures: [Outcome: Int] = [:]
    private(set) var refusals: [String: Int] = [:]
    private(set) var pauses = Histogram()

    mutating func add(_ event: ServiceEvent) {
        let record = event.record
        switch event.kind {
        case .capture:
            captures[Outcome(rung: record.engine, state: record.state.rawValue), default: 0] += 1
            if let pause = record.actual?.pause { pauses.add(pause.duration.inSeconds) }
        case .refusal: refusals[record.refusal?.code ?? "unknown", default: 0] += 1
        case .death: break
        }
    }
}

/// How long services stood still: a fork takes milliseconds, a snapshot in place a minute per gigabyte.
struct Histogram: Sendable {
    /// Upper bounds in seconds.
    static let bounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
    /// Of each bound, not cumulated; the last is of what lies above all.
    private var counts = [Int](repeating: 0, count: bounds.count + 1)
    private(set) var sum = 0.0

    mutating func add(_ seconds: Double) {
        counts[Self.bounds.firstIndex { seconds <= $0 } ?? Self.bounds.count] += 1
        sum += seconds
    }

    var total: Int { counts.reduce(0, +) }
    /// One for each bound: how many were no longer.
    var cumulated: [Int] {
        var total = 0
        return counts.dropLast().map { count in
            total += count
            return total
        }
    }
}
