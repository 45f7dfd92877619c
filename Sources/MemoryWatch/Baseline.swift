import Units

/// The usual RSS of a service: the median of what was seen in the span after warm-up, then frozen. At most 64 readings, evenly spaced, so that
/// polling faster while memory grows does not move it.
struct Baseline: Sendable {
    private static let capacity = 64
    private let warmUp: Duration
    private let span: Duration
    private var since: Duration?
    private var readings: [ByteCount] = []
    private(set) var median: ByteCount?

    /// The span is as long as the warm-up, but at least 10 s: one collection of garbage or more.
    init(warmUp: Duration) {
        self.warmUp = warmUp
        span = max(warmUp, .seconds(10))
    }

    mutating func add(_ sample: Sample) {
        guard median == nil else { return }
        let start = since ?? sample.at
        since = start
        let age = sample.at - start - warmUp
        guard age >= .zero else { return }
        if age >= span * readings.count / Baseline.capacity { readings.append(sample.rss) }
        guard age >= span else { return }
        median = readings.sorted()[readings.count / 2]
        readings = []
    }
}
