public import Units

/// When a limit will be hit, if growth goes on as it is.
public struct Forecast: Sendable, Hashable {
    public var kind: LimitKind
    /// Per second, and half the width of its 99 % interval.
    public var growth: ByteCount
    public var growthError: ByteCount
    /// From now.
    public var timeToLimit: Duration
    /// From now, for the ends of the interval of the growth; `earliest` counts from the tips of the saw-tooth, `latest` from its lows.
    public var earliest: Duration
    public var latest: Duration
    /// For how long growth of this size (half of it, or more) has been watched.
    public var evidence: Duration
    /// `Sen slope of the lows, 30s window`.
    public var model: String
    public var samples: Int

    public init(
        kind: LimitKind, growth: ByteCount, growthError: ByteCount, timeToLimit: Duration, earliest: Duration, latest: Duration, evidence: Duration,
        model: String, samples: Int
    ) {
        (self.kind, self.growth, self.growthError) = (kind, growth, growthError)
        (self.timeToLimit, self.earliest, self.latest, self.evidence) = (timeToLimit, earliest, latest, evidence)
        (self.model, self.samples) = (model, samples)
    }
}

extension Forecast {
    /// Of the limit that is hit first.
    static func soonest(_ forecast: (LimitKind) -> Forecast?) -> Forecast? {
        guard let heap = forecast(.heap) else { return forecast(.cgroup) }
        guard let cgroup = forecast(.cgroup), cgroup.timeToLimit <= heap.timeToLimit else { return heap }
        return cgroup
    }
}

/// Turns samples into forecasts, for one process.
///
/// Seven time scales, each four times as wide as the one before, around the window asked for (30 s: 1.9 s to 2.1 h), because a leak of
/// 150 MB/s and one of 10 KB/s are seen in different windows. A scale is believed when
/// - its growth is significant, and still goes on in the newer half of its window;
/// - the rise is higher than this service's usual teeth (1.5 times the deepest fall seen at this or any wider scale), or has eaten half the room;
/// - the limit is at most 16 windows away: what grew for a minute says nothing about the next hour.
/// Of those believed, the soonest counts. Memory: 16 bins per scale, about 9 KB in all.
public struct Forecaster: Sendable {
    private static let widths = [1.0 / 16, 1.0 / 4, 1, 4, 16, 64, 256]
    private static let reach = 16.0

    fileprivate struct Track: Sendable {
        var scales: [Scale]
        var level: Level?
    }

    private let models: [String]
    private var cgroup: Track
    private var heap: Track
    private var now = Duration.zero

    /// - Parameter window: 1 s or more; the scales lie around it.
    public init(window: Duration = .seconds(30)) {
        let seconds = max(1, window.inSeconds)
        let scales = Forecaster.widths.map { Scale(width: seconds * $0 / Double(Scale.capacity)) }
        models = Forecaster.widths.map { "Sen slope of the lows, \(Duration(inSeconds: seconds * $0).text) window" }
        cgroup = Track(scales: scales)
        heap = Track(scales: scales)
    }

    /// Cost: 0.4 µs on average at 200 samples per second, up to 5 µs at 10 or fewer (`WatchCostTests`).
    public mutating func add(_ sample: Sample) {
        now = sample.at
        let time = sample.at.inSeconds
        cgroup.add(sample.cgroup, at: time)
        heap.add(sample.heap, at: time)
    }

    /// Nil while there are too few samples, nothing grows for certain, or the limit is further away than can be told.
    public func forecast(_ kind: LimitKind) -> Forecast? {
        let track = kind == .cgroup ? cgroup : heap
        guard let level = track.level else { return nil }
        let (use, limit, time) = (Double(level.use.bytes), Double(level.limit.bytes), now.inSeconds)
        var believed: [(seconds: Double, scale: Int, fit: Fit)] = []
        var drop = 0.0
        for scale in track.scales.indices.reversed() {
            drop = max(drop, track.scales[scale].drop)
            guard let fit = track.scales[scale].fit else { continue }
            guard use - fit.lowest > min(1.5 * drop, (limit - fit.lowest) / 2) else { continue }
            let seconds = max(0, limit - start(kind, fit, use, time)) / fit.slope
            if seconds <= Forecaster.reach * fit.span(at: time) { believed.append((seconds, scale, fit)) }
        }
        guard let (seconds, scale, fit) = believed.min(by: { $0.seconds < $1.seconds }) else { return nil }
        let evidence = believed.reduce(0) { $1.fit.slope >= fit.slope / 2 ? max($0, $1.fit.span(at: time)) : $0 }
        return Forecast(
            kind: kind, growth: ByteCount(rounding: fit.slope), growthError: ByteCount(rounding: (fit.fastest - fit.slowest) / 2),
            timeToLimit: Duration(inSeconds: seconds),
            earliest: Duration(inSeconds: min(seconds, max(0, limit - max(use, fit.highLine(at: time))) / fit.fastest)),
            latest: Duration(inSeconds: max(seconds, max(0, limit - fit.lowLine(at: time)) / fit.slowest)),
            evidence: Duration(inSeconds: evidence), model: models[scale], samples: fit.samples)
    }

    /// Of the limit that is hit first.
    public var soonest: Forecast? { Forecast.soonest(forecast) }

    /// After a capture or a restart of the target: what was before is no guide any more.
    public mutating func restart() {
        cgroup.restart()
        heap.restart()
    }

    /// The kernel kills at the tip of a tooth; V8 collects its garbage before it gives up, so there the lows count.
    private func start(_ kind: LimitKind, _ fit: Fit, _ use: Double, _ time: Double) -> Double {
        kind == .cgroup ? max(use, fit.highLine(at: time)) : fit.lowLine(at: time)
    }
}

extension Forecaster.Track {
    mutating func add(_ level: Level?, at time: Double) {
        self.level = level
        guard let level else { return }
        for index in scales.indices { scales[index].add(Double(level.use.bytes), at: time) }
    }

    mutating func restart() {
        level = nil
        for index in scales.indices { scales[index].clear() }
    }
}
