import MemoryWatch
import Testing
import Units

@Suite struct ForecastTests {
    /// Rates in MB/s, teeth in MB.
    static let leaks: [(rate: Double, tooth: Double, noise: Double)] = [
        (0.01, 2, 0.5), (0.01, 20, 1), (1, 0, 0), (1, 30, 2), (20, 20, 2), (150, 0, 0), (150, 20, 1),
    ]

    @Test(arguments: leaks) func tellsTheEndOfALeak(leak: (rate: Double, tooth: Double, noise: Double)) throws {
        var service = SimulatedService(live: SimulatedService.leak(leak.rate), toothHeight: leak.tooth, toothPeriod: 3, noise: leak.noise)
        let end = (512 - 100 - leak.tooth) / leak.rate
        var forecaster = Forecaster()
        // Half-way, with 400 samples or one a second, whichever are more.
        let step = min(1, end / 800)
        var t = 0.0
        while t < end / 2 {
            forecaster.add(service.sample(t))
            t += step
        }
        let forecast = try #require(forecaster.forecast(.cgroup))
        #expect(abs(forecast.growth.mebibytes - leak.rate) < 0.3 * leak.rate, "\(forecast)")
        #expect(abs(forecast.timeToLimit.inSeconds - end / 2) < 0.35 * end / 2, "\(forecast) end in \(end / 2)")
        #expect(forecast.earliest <= forecast.timeToLimit && forecast.timeToLimit <= forecast.latest)
        #expect(forecast.model.hasPrefix("Sen slope"))
        #expect(forecast.samples >= 8)
    }

    @Test(arguments: [0.0, 5, 60, 150]) func seesNoGrowthInTeeth(tooth: Double) {
        var service = SimulatedService(live: { _ in 150 }, toothHeight: tooth, toothPeriod: 7.3, noise: 2)
        var forecaster = Forecaster()
        var alarms = 0
        for t in stride(from: 0.0, to: 3_600, by: 0.1) {
            forecaster.add(service.sample(t))
            if let forecast = forecaster.soonest, t > 60, forecast.timeToLimit < .seconds(15) { alarms += 1 }
        }
        #expect(alarms == 0)
    }

    @Test func isSilentWithoutLevelsAndAfterRestart() {
        var forecaster = Forecaster()
        for t in stride(from: 0.0, to: 20, by: 0.1) { forecaster.add(Sample(at: .seconds(t), rss: megabytes(100 + t))) }
        #expect(forecaster.soonest == nil)
        var service = SimulatedService(live: SimulatedService.leak(10))
        for t in stride(from: 20.0, to: 40, by: 0.1) { forecaster.add(service.sample(t)) }
        #expect(forecaster.soonest != nil)
        forecaster.restart()
        #expect(forecaster.soonest == nil)
    }

    @Test func theSoonerLimitCounts() throws {
        var forecaster = Forecaster()
        for t in stride(from: 0.0, to: 20, by: 0.1) {
            let use = megabytes(100 + 5 * t)
            forecaster.add(
                Sample(
                    at: .seconds(t), rss: use, cgroup: Level(use: use, limit: megabytes(512)), heap: Level(use: use, limit: megabytes(260))))
        }
        let soonest = try #require(forecaster.soonest)
        #expect(soonest.kind == .heap)
        #expect(abs(soonest.timeToLimit.inSeconds - 12) < 1)
        let cgroup = try #require(forecaster.forecast(.cgroup))
        #expect(abs(cgroup.timeToLimit.inSeconds - 62.4) < 2)
    }

    /// A leak that ends is no leak: at most half a window later nothing is forecast by the scale that saw it.
    @Test func forgetsARampThatHasEnded() {
        var service = SimulatedService(live: { min(200, 40 + 80 * $0) }, noise: 1)
        var forecaster = Forecaster()
        for t in stride(from: 0.0, to: 60, by: 0.05) {
            forecaster.add(service.sample(t))
            if t > 5 { #expect(forecaster.soonest == nil, "at \(t)") }
        }
    }

    @Test(arguments: [0.3, 1.0, 60.0, 7_200.0]) func survivesGapsAndClocksThatStandStill(step: Double) {
        var forecaster = Forecaster()
        var t = 0.0
        for index in 0..<200 {
            forecaster.add(Sample(at: .seconds(t), rss: .zero, cgroup: Level(use: megabytes(Double(index)), limit: megabytes(512))))
            forecaster.add(Sample(at: .seconds(t), rss: .zero, cgroup: Level(use: megabytes(Double(index)), limit: .zero)))
            t += index % 10 == 0 ? 0 : step
            _ = forecaster.soonest
        }
    }
}
