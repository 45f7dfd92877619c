import MemoryWatch
import Testing
import Units

/// The agent's own finding (five full collections in a row, each with more left) as a trigger.
@Suite struct LeakTests {
    private static let report = "heap growth over 5 consecutive GCs (10s) - 6400.00 mb/hr, by 18 MiB"

    private func rule(_ triggers: String..., limits: Limits = Limits(count: 100, cooldown: .zero)) throws -> RuleState {
        RuleState(Rule(name: "default", triggers: try triggers.flatMap { try Trigger.parse($0) }, limits: limits, warmUp: .seconds(5)))
    }

    private func sample(_ at: Double, use: Double = 100) -> Sample {
        Sample(at: .seconds(at), rss: megabytes(use), cgroup: Level(use: megabytes(use), limit: megabytes(512)))
    }

    /// One look of the daemon, which passes a report on once.
    private func look(_ state: inout RuleState, _ at: Double, _ leak: String? = nil) -> Verdict? {
        state.evaluate(sample(at), forecast: { _ in nil }, safeMoment: nil, leak: leak)
    }

    @Test func nothingFiresWithoutAReport() throws {
        var state = try rule("leak")
        for second in 0..<1_000 { #expect(look(&state, Double(second)) == nil) }
    }

    @Test func aReportFiresInItsOwnWords() throws {
        var state = try rule("use=85%", "leak")
        #expect(look(&state, 0) == nil)
        let found = look(&state, 10, Self.report)
        let verdict = try #require(found)
        #expect(verdict.trigger == .leak && verdict.reason == Self.report && verdict.actions == [.capture])
        for second in 11..<100 { #expect(look(&state, Double(second)) == nil, "one report, one capture") }
    }

    /// A service that fills its caches grows over many collections, too. What was reported then is not kept for later.
    @Test func startingUpIsNoLeak() throws {
        var state = try rule("leak")
        #expect(look(&state, 0, Self.report) == nil)
        #expect(look(&state, 4.9, Self.report) == nil)
        #expect(look(&state, 5) == nil)
        #expect(look(&state, 6, Self.report) != nil)
    }

    /// node-memwatch counts on from the fifth collection, and says it again at the tenth: the same leak.
    @Test func armsAgainAfterAsMuchQuietAsTheWarmUp() throws {
        var state = try rule("leak")
        _ = look(&state, 0)
        #expect(look(&state, 10, Self.report) != nil)
        #expect(look(&state, 11, Self.report) == nil)
        #expect(look(&state, 12) == nil && look(&state, 16, Self.report) == nil, "4 s of quiet")
        #expect(look(&state, 17) == nil && look(&state, 21.9) == nil && look(&state, 22) == nil)
        #expect(look(&state, 23, Self.report) != nil, "5 s")
    }

    /// After a capture the rule warms up anew, and what the snapshot itself leaves in the heap is no leak.
    @Test func isQuietAfterACapture() throws {
        var state = try rule("leak", limits: Limits(count: 100, cooldown: .seconds(60)))
        _ = look(&state, 0)
        #expect(look(&state, 10, Self.report) != nil)
        state.captured(at: .seconds(20), sample: sample(20))
        for at in [21.0, 24, 30, 40] { #expect(look(&state, at) == nil) }
        #expect(look(&state, 50, Self.report) == nil, "cooling down")
        #expect(look(&state, 80) == nil && look(&state, 90) == nil)
        #expect(look(&state, 91, Self.report) != nil)
    }

    /// A refused capture may be asked for again, by the next report.
    @Test func aRefusalArmsIt() throws {
        var state = try rule("leak")
        _ = look(&state, 0)
        #expect(look(&state, 10, Self.report) != nil)
        state.refused(at: .seconds(10), retryAfter: .seconds(30))
        #expect(look(&state, 39, Self.report) == nil)
        #expect(look(&state, 40) == nil)
        #expect(look(&state, 41, Self.report) != nil)
    }

    /// There is no level ahead that would have the daemon look more often.
    @Test func hasNoDistance() throws { #expect(try rule("leak").distance(sample(0), forecast: nil) == nil) }
}
