import Linux
import MemoryWatch
import NIOCore
import Testing
import Units

@testable import heapsnapd

/// The daemon's decisions; the daemon itself is tried in the guest (Tests/SystemImage/scenarios/daemon-*.sh).
struct CensusTests {
    private let shell = ProcessID(10), node = ProcessID(11)

    @Test func newOnesAreLookedAtAndOldOnesAreNot() {
        var census = Census()
        #expect(census.due(among: [shell, node], isComplete: true, at: .seconds(100)) == [shell, node])
        census.found(shell, isNode: false, at: .seconds(100))
        census.found(node, isNode: true, at: .seconds(100))
        // A young shell can become Node by its last deed.
        #expect(census.due(among: [shell, node], isComplete: true, at: .seconds(110)) == [shell, node])
        #expect(census.due(among: [shell, node], isComplete: true, at: .seconds(120)) == [node])
    }

    @Test func onceAMinuteEverythingIsLookedAtAgain() {
        var census = Census()
        _ = census.due(among: [shell], isComplete: true, at: .seconds(100))
        census.found(shell, isNode: false, at: .seconds(100))
        #expect(census.due(among: [shell], isComplete: true, at: .seconds(150)) == [])
        #expect(census.due(among: [shell], isComplete: true, at: .seconds(161)) == [shell])
        #expect(census.due(among: [shell], isComplete: true, at: .seconds(170)) == [])
    }

    /// A look at one cgroup says nothing of the others.
    @Test func whatIsGoneIsForgottenByACompleteLookOnly() {
        var census = Census()
        for pid in [shell, node] { census.found(pid, isNode: false, at: .zero) }
        _ = census.due(among: [node], isComplete: false, at: .seconds(30))
        #expect(census.count == 2)
        _ = census.due(among: [node], isComplete: true, at: .seconds(30))
        #expect(census.count == 1)
    }

    /// 24 h of a host with 100 services and 200 others that live for 10 s each.
    @Test func processesThatComeAndGoAllDayLeaveNothing() {
        var census = Census()
        let services = (1...100).map { ProcessID(Int32($0)) }
        var looks = 0
        for turn in 0..<8_640 {
            let others = (0..<200).map { ProcessID(Int32(1_000 + (turn * 200 + $0) % 4_000_000)) }
            let now = Duration.seconds(turn * 10)
            let due = census.due(among: services + others, isComplete: true, at: now)
            for pid in due { census.found(pid, isNode: pid.rawValue <= 100, at: now) }
            looks += due.count
        }
        #expect(census.count == 300)
        #expect(looks == 8_640 * 300, "the services each time, the others once")
    }
}

struct EarlierLifeTests {
    private let rule = Rule(
        name: "default", triggers: [.rss(.mebibytes(100))], limits: Limits(count: 1, window: .seconds(600), cooldown: .seconds(60)))

    @Test func whatHasFiredStillCountsInTheNextLife() throws {
        var state = RuleState(rule)
        let sample = Sample(at: .seconds(10), rss: .mebibytes(110), cgroup: nil)
        #expect(state.evaluate(sample, forecast: { _ in nil }, safeMoment: nil) != nil)
        let life = EarlierLife(rules: [state], limitMet: nil)
        var next = try #require(life.state(of: rule))
        var later = sample
        later.at = .seconds(100)
        #expect(next.evaluate(later, forecast: { _ in nil }, safeMoment: nil) == nil)
        later.at = .seconds(611)
        #expect(next.evaluate(later, forecast: { _ in nil }, safeMoment: nil) != nil)
        var changed = rule
        changed.limits.count = 2
        #expect(life.state(of: changed) == nil, "another rule begins anew")
    }

    @Test func itIsForgottenWhenItCountsNoMore() {
        let met = EarlierLife(rules: [RuleState(rule)], limitMet: .seconds(10))
        #expect(met.counts(at: .seconds(60), cooldown: .seconds(120)) && !met.counts(at: .seconds(131), cooldown: .seconds(120)))
        #expect(!EarlierLife(rules: [RuleState(rule)], limitMet: nil).counts(at: .zero, cooldown: .seconds(120)))
    }
}

struct CaptureQueueTests {
    private func waiting(_ service: String, _ deadline: Duration?) -> CaptureQueue.Waiting {
        CaptureQueue.Waiting(service: service, process: nil, reason: "", since: Timestamp(milliseconds: 0), deadline: deadline)
    }

    @Test func theNearestLimitGoesFirst() {
        #expect(CaptureQueue.next([]) == nil)
        #expect(CaptureQueue.next([waiting("a", .seconds(50)), waiting("b", .seconds(20)), waiting("c", nil)]) == 1)
        #expect(CaptureQueue.next([waiting("asked", nil), waiting("dying", .seconds(900))]) == 1)
        #expect(CaptureQueue.next([waiting("first", nil), waiting("second", nil)]) == 0)
    }

    @Test func oneAtATimeInThatOrder() async {
        let queue = CaptureQueue()
        let (gate, open) = AsyncStream.makeStream(of: Void.self)
        let (done, finish) = AsyncStream.makeStream(of: String.self)
        let first = Task { await queue.inTurn(waiting("first", nil)) { for await _ in gate { break } } }
        while await !queue.isTaken { await Task.yield() }
        let others = [("late", Duration.seconds(90)), ("soon", .seconds(5)), ("later", .seconds(100))].map { name, deadline in
            Task { await queue.inTurn(waiting(name, deadline)) { _ = finish.yield(name) } }
        }
        while await queue.waiting.count < 3 { await Task.yield() }
        open.yield()
        await first.value
        for other in others { await other.value }
        finish.finish()
        #expect(await done.reduce(into: [String]()) { $0.append($1) } == ["soon", "late", "later"])
    }
}

struct WatchLoopTests {
    /// At rest all wake together, every 1.1 s; what is urgent is not rounded.
    @Test func longWaitsEndTogether() {
        let pace: UInt64 = 1_100_000_000
        func deadline(_ interval: Duration, _ now: UInt64) -> UInt64 {
            WatchLoop.deadline(after: interval, now: .uptimeNanoseconds(now)).uptimeNanoseconds
        }
        #expect(deadline(.seconds(1), 10 * pace) == 11 * pace)
        #expect(deadline(.seconds(1), 10 * pace + 300_000_000) == 11 * pace)
        #expect(deadline(.seconds(1), 10 * pace + 700_000_000) == 12 * pace)
        #expect(deadline(.milliseconds(40), 10 * pace + 1) == 10 * pace + 40_000_001)
    }
}
