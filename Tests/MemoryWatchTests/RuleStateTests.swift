import MemoryWatch
import Testing
import Units

@Suite struct RuleStateTests {
    private func rule(_ triggers: String..., limits: Limits = Limits(count: 100, cooldown: .zero), warmUp: Duration = .seconds(5)) throws -> RuleState
    {
        RuleState(Rule(name: "default", triggers: try triggers.flatMap { try Trigger.parse($0) }, limits: limits, warmUp: warmUp))
    }

    private func sample(_ at: Double, _ use: Double, limit: Double = 512) -> Sample {
        Sample(at: .seconds(at), rss: megabytes(use), cgroup: Level(use: megabytes(use), limit: megabytes(limit)))
    }

    private func forecast(_ seconds: Double, evidence: Double = 120) -> Forecast {
        Forecast(
            kind: .cgroup, growth: megabytes(11.2), growthError: megabytes(1), timeToLimit: .seconds(seconds), earliest: .seconds(seconds - 1),
            latest: .seconds(seconds + 1), evidence: .seconds(evidence), model: "given", samples: 16)
    }

    @Test func firesOnceWithItsNumbers() throws {
        var state = try rule("use=85%")
        let none = state.evaluate(sample(0, 434), forecast: { _ in nil }, safeMoment: nil)
        #expect(none == nil)
        let found = state.evaluate(sample(1, 436), forecast: { $0 == .cgroup ? self.forecast(7) : nil }, safeMoment: nil)
        let verdict = try #require(found)
        #expect(verdict.trigger == .use(.percent(85)) && verdict.rule == "default" && verdict.actions == [.capture])
        #expect(verdict.reason == "use 436 MiB of 512 MiB (85.16%) crossed 85%; growth 11.2 MiB/s, cgroup limit in 7s ± 1s")
        for second in 2..<60 { #expect(state.evaluate(sample(Double(second), 440), forecast: { _ in nil }, safeMoment: nil) == nil) }
    }

    @Test func hysteresisArmsAgainOnlyBelow() throws {
        var state = try rule("use=85%")
        func fires(_ at: Double, _ use: Double) -> Bool { state.evaluate(sample(at, use), forecast: { _ in nil }, safeMoment: nil) != nil }
        #expect(fires(0, 440))
        #expect(!fires(1, 412) && !fires(2, 440), "80.5% is not below 80%")
        #expect(!fires(3, 409) && fires(4, 440), "79.9% is")
    }

    @Test func stepsFireOnceEach() throws {
        var state = try rule("rss=400M,600M")
        func fired(_ at: Double, _ use: Double) -> Trigger? {
            state.evaluate(sample(at, use, limit: 9_999), forecast: { _ in nil }, safeMoment: nil)?.trigger
        }
        #expect(fired(0, 399) == nil)
        #expect(fired(1, 400) == .rss(.mebibytes(400)))
        #expect(fired(2, 599) == nil)
        #expect(fired(3, 601) == .rss(.mebibytes(600)))
        #expect(fired(4, 700) == nil)
        var jumping = try rule("rss=400M,600M")
        #expect(jumping.evaluate(sample(0, 650), forecast: { _ in nil }, safeMoment: nil)?.trigger == .rss(.mebibytes(400)))
        #expect(jumping.evaluate(sample(1, 651), forecast: { _ in nil }, safeMoment: nil) == nil, "one capture for both")
    }

    @Test func heapLimitCountsWhereItIsNearer() throws {
        var state = try rule("use=85%")
        let full = Sample(
            at: .zero, rss: megabytes(280), cgroup: Level(use: megabytes(280), limit: megabytes(512)),
            heap: Level(use: megabytes(225), limit: megabytes(260)))
        let verdict = state.evaluate(full, forecast: { _ in nil }, safeMoment: nil)
        #expect(verdict?.reason == "heap 225 MiB of 260 MiB (86.54%) crossed 85%")
    }

    @Test func growthIsMeasuredFromTheServicesOwnBaseline() throws {
        var state = try rule("growth=50%")
        var at = 0.0
        while at < 5 {  // starting up, with a peak that must not count
            #expect(state.evaluate(sample(at, 300), forecast: { _ in nil }, safeMoment: nil) == nil)
            at += 0.5
        }
        while at < 60 {
            #expect(state.evaluate(sample(at, 100), forecast: { _ in nil }, safeMoment: nil) == nil)
            at += 0.5
        }
        #expect(state.evaluate(sample(60, 149), forecast: { _ in nil }, safeMoment: nil) == nil)
        let verdict = state.evaluate(sample(61, 151), forecast: { _ in nil }, safeMoment: nil)
        #expect(verdict?.reason == "rss 151 MiB grew more than 50% above its baseline of 100 MiB")
    }

    @Test func timeToLimitWaitsForWarmUpAndEvidence() throws {
        var state = try rule("timeToLimit=15s")
        func fires(_ at: Double, _ forecast: Forecast?) -> Bool {
            state.evaluate(sample(at, 300), forecast: { $0 == .cgroup ? forecast : nil }, safeMoment: nil) != nil
        }
        #expect(!fires(0, forecast(3)) && !fires(4.9, forecast(3)))
        #expect(!fires(5, forecast(14, evidence: 3)), "14 s from 3 s of evidence is too far")
        #expect(fires(6, forecast(14)))
        #expect(!fires(7, nil) && !fires(8, forecast(14)), "a flicker does not arm it")
        for second in 9...14 { #expect(!fires(Double(second), nil)) }
        #expect(fires(15, forecast(14)), "5 s of calm do")
    }

    @Test func latestSafeMomentFiresShortlyBeforeAndNeverAfter() throws {
        func fires(_ remaining: Double, passed: Bool = false, limitIn: Double = 600, evidence: Double = 120) throws -> Bool {
            var state = try rule("latestSafeMoment=15m", warmUp: .zero)
            let moment = LatestSafeMoment(remaining: .seconds(remaining), boundBy: .memory, passed: passed)
            return state.evaluate(sample(0, 100), forecast: { $0 == .cgroup ? self.forecast(limitIn, evidence: evidence) : nil }, safeMoment: moment)
                != nil
        }
        #expect(try fires(9) && fires(0))
        #expect(try !fires(60) && !fires(0, passed: true) && !fires(9, limitIn: 1_000) && !fires(9, evidence: 60))
    }

    @Test func staysQuietAfterACaptureThoughRSSStaysHigh() throws {
        var state = try rule("use=85%", "rss=300M", "growth=20%", "timeToLimit=15s", limits: Limits(count: 100, cooldown: .zero))
        #expect(state.evaluate(sample(0, 250), forecast: { _ in nil }, safeMoment: nil) == nil)
        let asked = state.evaluate(sample(10, 260), forecast: { $0 == .cgroup ? self.forecast(14) : nil }, safeMoment: nil)
        #expect(asked?.trigger == .timeToLimit(.seconds(15)))
        state.captured(at: .seconds(30), sample: sample(30, 480))
        for second in 31..<1_000 { #expect(state.evaluate(sample(Double(second), 480), forecast: { _ in nil }, safeMoment: nil) == nil) }
    }

    @Test func cooldownHoldsWhatFiresMeanwhile() throws {
        var state = try rule("rss=300M,400M", limits: Limits(count: 9, cooldown: .seconds(120)))
        #expect(state.evaluate(sample(0, 300), forecast: { _ in nil }, safeMoment: nil) != nil)
        state.captured(at: .seconds(10), sample: sample(10, 320))
        #expect(state.evaluate(sample(20, 410), forecast: { _ in nil }, safeMoment: nil) == nil)
        #expect(state.status == .throttled(.cooldown(until: .seconds(130))))
        #expect("\(state.status)" == "Throttled: cooling down after a capture")
        #expect(state.evaluate(sample(129, 410), forecast: { _ in nil }, safeMoment: nil) == nil)
        #expect(state.evaluate(sample(131, 410), forecast: { _ in nil }, safeMoment: nil)?.trigger == .rss(.mebibytes(400)))
    }

    @Test func countWithinTheSlidingWindow() throws {
        var state = try rule("rss=100M", limits: Limits(count: 2, window: .seconds(3_600), cooldown: .zero))
        func fires(_ at: Double, _ use: Double) -> Bool { state.evaluate(sample(at, use), forecast: { _ in nil }, safeMoment: nil) != nil }
        #expect(fires(0, 110) && !fires(1, 50) && fires(1_000, 110) && !fires(1_001, 50))
        #expect(!fires(2_000, 110))
        #expect(state.status == .throttled(.count(2, window: .seconds(3_600), until: .seconds(3_600))))
        #expect(!fires(2_001, 50) && fires(3_601, 110), "the first has left the window")
        #expect(!fires(3_602, 50) && !fires(3_603, 110))
    }

    @Test func countWithoutWindowFinishes() throws {
        var state = try rule("rss=100M", limits: Limits(count: 1, window: .zero, cooldown: .zero))
        func fires(_ at: Double, _ use: Double) -> Bool { state.evaluate(sample(at, use), forecast: { _ in nil }, safeMoment: nil) != nil }
        #expect(fires(0, 110) && !fires(1, 50) && !fires(1e6, 110))
        #expect(state.status == .finished(count: 1))
    }

    @Test func aRefusalDoesNotCountAndIsTriedAgain() throws {
        var state = try rule("rss=100M", limits: Limits(count: 1, window: .zero, cooldown: .zero))
        #expect(state.evaluate(sample(0, 110), forecast: { _ in nil }, safeMoment: nil) != nil)
        state.refused(at: .seconds(1), retryAfter: .seconds(30))
        #expect(state.status == .throttled(.refused(until: .seconds(31))))
        #expect(state.evaluate(sample(30, 110), forecast: { _ in nil }, safeMoment: nil) == nil)
        #expect(state.evaluate(sample(31, 110), forecast: { _ in nil }, safeMoment: nil) != nil)
        state.captured(at: .seconds(40), sample: sample(40, 110))
        #expect(state.status == .finished(count: 1))
    }

    @Test func aRestartArmsButDoesNotForgive() throws {
        var state = try rule("rss=100M", limits: Limits(count: 2, window: .zero, cooldown: .zero))
        for at in [0.0, 10] {
            #expect(state.evaluate(sample(at, 110), forecast: { _ in nil }, safeMoment: nil) != nil)
            state.restarted()
        }
        #expect(state.evaluate(sample(20, 110), forecast: { _ in nil }, safeMoment: nil) == nil)
    }

    /// What dies before its capture is over has been captured all the same.
    @Test func aRestartInMidCaptureCoolsDown() throws {
        var state = try rule("rss=100M", limits: Limits(count: 3, window: .seconds(3_600), cooldown: .seconds(120)))
        #expect(!state.isSpent(at: .zero))
        #expect(state.evaluate(sample(0, 110), forecast: { _ in nil }, safeMoment: nil) != nil)
        state.restarted()
        #expect(state.evaluate(sample(60, 110), forecast: { _ in nil }, safeMoment: nil) == nil)
        #expect(state.evaluate(sample(121, 110), forecast: { _ in nil }, safeMoment: nil) != nil)
        #expect(state.isSpent(at: .seconds(3_700)) && !state.isSpent(at: .seconds(3_800)))
    }

    @Test func distanceIsToTheNearestArmedLevel() throws {
        var state = try rule("use=85%", "rss=400M,600M")
        #expect(state.distance(sample(0, 300), forecast: nil) == .mebibytes(100))
        _ = state.evaluate(sample(0, 401), forecast: { _ in nil }, safeMoment: nil)
        #expect(state.distance(sample(1, 401), forecast: nil).map { abs($0.mebibytes - 34.2) < 0.01 } == true)
        _ = state.evaluate(sample(2, 650, limit: 700), forecast: { _ in nil }, safeMoment: nil)
        #expect(state.distance(sample(3, 650, limit: 700), forecast: nil) == nil)
    }
}
