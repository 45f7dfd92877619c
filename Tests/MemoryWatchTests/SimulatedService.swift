import MemoryWatch
import SeededNumbers
import Units

/// A process whose memory is a function of time: what is live, the teeth of the collector above it, and noise.
struct SimulatedService {
    /// MB at t seconds.
    var live: (Double) -> Double
    var toothHeight = 0.0
    var toothPeriod = 8.0
    var noise = 0.0
    var limit = 512.0
    var numbers = SeededNumbers(seed: 1)

    static func leak(_ rate: Double, from start: Double = 100, after: Double = 0) -> (Double) -> Double {
        { start + rate * max(0, $0 - after) }
    }

    mutating func sample(_ t: Double) -> Sample {
        let tooth = toothHeight * (t / toothPeriod - (t / toothPeriod).rounded(.down))
        let use = megabytes(live(t) + tooth + (noise > 0 ? .random(in: -noise...noise, using: &numbers) : 0))
        return Sample(at: .seconds(t), rss: use, cgroup: Level(use: use, limit: megabytes(limit)))
    }
}

func megabytes(_ count: Double) -> ByteCount { ByteCount(rounding: count * 1_048_576) }

/// The loop of the daemon, on simulated time: sample, forecast, evaluate, sleep.
struct Loop {
    var service: SimulatedService
    var state: RuleState
    var forecaster = Forecaster()
    var polling = PollingInterval()
    /// Of the heap, for the latest safe moment; nil leaves it out.
    var heapShare: Double?
    /// MB: 60 s per GB, 10 s at most.
    var patientHeap = 170.7
    /// MB that the host would lend.
    var lendable = 0.0
    var polls = 0
    var now = 0.0

    init(_ service: SimulatedService, _ triggers: String..., limits: Limits = Limits(), warmUp: Double = 5, heapShare: Double? = nil) throws {
        self.service = service
        self.heapShare = heapShare
        let rule = Rule(name: "test", triggers: try triggers.flatMap { try Trigger.parse($0) }, limits: limits, warmUp: .seconds(warmUp))
        state = RuleState(rule)
    }

    /// Until something fires, the limit is reached or `end`, in seconds.
    mutating func run(until end: Double) -> (verdict: Verdict, at: Double)? {
        while now < end {
            let sample = service.sample(now)
            guard sample.rss < megabytes(service.limit) else { return nil }
            polls += 1
            forecaster.add(sample)
            let forecast = forecaster.soonest
            var moment: LatestSafeMoment?
            if let heapShare, let forecast {
                moment = .compute(
                    use: sample.rss, growth: forecast.growth, heap: sample.rss * heapShare, heapGrowth: forecast.growth,
                    limit: megabytes(service.limit + lendable), extraPerHeapByte: 7.5, patientHeap: megabytes(patientHeap),
                    reaction: .milliseconds(500))
            }
            let at = now
            let verdict = state.evaluate(sample, forecast: { forecaster.forecast($0) }, safeMoment: moment)
            now += polling.next(at: sample.at, use: sample.rss, distance: state.distance(sample, forecast: forecast)).inSeconds
            if let verdict { return (verdict, at) }
        }
        return nil
    }
}
