import Foundation
import Linux
import Node
import Testing
import Units

@Suite struct LastWordsTests {
    /// Captured from real deaths with --max-old-space-size=30: arrays of 8 MB, small objects, one growing Map.
    @Test(arguments: ["v18.18.2", "v20.18.0", "v22.20.0", "v24.19.0", "v26.7.0"], ["large-arrays", "small-objects", "map"])
    func realLastWords(version: String, death: String) throws {
        let words = try #require(LastWords.parse(try fixture("lastwords/\(version)-\(death).txt")))
        #expect(words.fatalError.hasSuffix("JavaScript heap out of memory"))
        #expect([.reachedHeapLimit, .ineffectiveMarkCompacts, .callAndRetryLast].contains(words.family))
        if death == "map" { #expect(words.family == .callAndRetryLast) }
        #expect(words.family.isHeapLimit)
        #expect(words.lastGCs.count >= 2)
        #expect(words.collections.count == words.lastGCs.count, "\(words.lastGCs)")
        let last = try #require(words.collections.last)
        #expect(last.kind.hasPrefix("Mark-") || last.kind.hasPrefix("Scavenge"))
        #expect((5...60).contains(last.usedAfter.mebibytes) && last.pause! > .zero && last.at > .milliseconds(10))
        #expect(words.stack.contains { $0.hasPrefix("node::") })
    }

    /// From V8's source and users' reports; not to be had from the five binaries at hand.
    @Test(arguments: [
        (
            "MarkCompactCollector: young object promotion failed Allocation failed - JavaScript heap out of memory",
            LastWords.Family.youngObjectPromotionFailed
        ),
        ("Scavenger: semi-space copy Allocation failed - JavaScript heap out of memory", .semiSpaceCopy),
        ("invalid array length Allocation failed - JavaScript heap out of memory", .invalidSize),
        ("Zone Allocation failed - process out of memory", .processOutOfMemory), ("v8::ToLocalChecked Empty MaybeLocal", .other),
        ("NewSpace::Rebalance Allocation failed - JavaScript heap out of memory", .otherHeapLimit),
    ])
    func families(message: String, family: LastWords.Family) {
        let words = LastWords.parse("noise\nFATAL ERROR: \(message)\n".utf8)
        #expect(words?.family == family)
        #expect(words?.fatalError == message)
    }

    @Test func gcLinesOfOldVersions() throws {
        let text = """
            <--- Last few GCs --->

            [42:0x5581d0]     2130 ms: Mark-sweep 4.7 (6.6) -> 4.6 (6.5) MB, 12.0 / 0.5 ms  (average mu = 0.1, current mu = 0.0) last resort
            [42:0x5581d0]     2142 ms: Scavenge 1397.2 (1425.7) -> 1396.8 (14
            FATAL ERROR: CALL_AND_RETRY_2 Allocation failed - JavaScript heap out of memory
            """
        let words = try #require(LastWords.parse(text.utf8))
        #expect(words.lastGCs.count == 2 && words.collections.count == 1)
        let collection = words.collections[0]
        #expect(collection.at == .milliseconds(2_130) && collection.kind == "Mark-sweep" && collection.pause == .milliseconds(12))
        #expect(collection.usedBefore == ByteCount(rounding: 4.7 * 1_048_576) && collection.committedAfter == ByteCount(rounding: 6.5 * 1_048_576))
    }

    @Test func nothingFatalIsNil() {
        #expect(LastWords.parse("".utf8) == nil)
        #expect(LastWords.parse("<--- Last few GCs --->\n[1:0x2] 3 ms: ".utf8) == nil)
        #expect(LastWords.parse("Error: FATAL ERROR: quoted by the application\n".utf8) == nil)
    }

    @Test func neverTraps() throws {
        let bytes = Array(try fixture("lastwords/v20.18.0-small-objects.txt"))
        var random = SystemRandomNumberGenerator()
        for _ in 0..<500 {
            var broken = bytes
            for _ in 0..<20 { broken[Int.random(in: 0..<broken.count, using: &random)] = UInt8.random(in: 0...255, using: &random) }
            _ = LastWords.parse(broken[Int.random(in: 0..<1_000, using: &random)...])
        }
    }

    @Test func report() {
        #expect(LastWords.parse(reportEvent: "Allocation failed - JavaScript heap out of memory", trigger: "OOMError")?.family.isHeapLimit == true)
        #expect(LastWords.parse(reportEvent: "SIGUSR2", trigger: "Signal") == nil)
    }

    /// A death now, on each version, from the launch to the judgement.
    @Test(arguments: majors) func liveDeath(major: Int) throws {
        let child = try Child([try node(major), "--max-old-space-size=30", "-e", "const a = []; for (;;) a.push(new Array(1e6).fill(1.5))"])
        let words = try #require(LastWords.parse(child.finish().errors))
        #expect(words.family.isHeapLimit && !words.collections.isEmpty)
        #expect(child.process.terminationReason == .uncaughtSignal && child.process.terminationStatus == SIGABRT)
        let judgement = ExitJudgement.decide(ExitEvidence(status: .signaled(child.process.terminationStatus, coreDumped: false), lastWords: words))
        #expect(judgement.cause == .v8HeapLimit)
    }
}

@Suite struct ExitJudgementTests {
    private let heap = LastWords.parse("FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n".utf8)

    @Test func causes() {
        func cause(_ status: Linux.ExitStatus?, _ words: LastWords? = nil, _ before: UInt64? = nil, _ after: UInt64? = nil, own: Int32? = nil)
            -> ExitCause
        {
            ExitJudgement.decide(ExitEvidence(status: status, lastWords: words, oomKillsBefore: before, oomKillsAfter: after, ownSignal: own)).cause
        }
        let killed = Linux.ExitStatus.signaled(SIGKILL, coreDumped: false)
        #expect(cause(.exited(0)) == .exited(0))
        #expect(cause(.signaled(SIGABRT, coreDumped: true), heap) == .v8HeapLimit)
        #expect(cause(.exited(134), heap) == .v8HeapLimit)
        #expect(cause(.signaled(SIGABRT, coreDumped: true)) == .signal(SIGABRT))
        // The words of a worker or a child that died: the process itself went on and ended well.
        #expect(cause(.exited(0), heap) == .exited(0))
        #expect(cause(.signaled(SIGTERM, coreDumped: false), heap) == .signal(SIGTERM))
        #expect(cause(killed, nil, 3, 4) == .cgroupOOMKill)
        #expect(cause(.exited(137), nil, 3, 4) == .cgroupOOMKill)
        #expect(cause(killed, nil, 3, 3) == .signal(SIGKILL))
        #expect(cause(killed, nil, nil, 4) == .signal(SIGKILL))
        #expect(cause(killed, nil, 3, 3, own: SIGKILL) == .signal(SIGKILL))
        #expect(cause(.exited(1), nil, 3, 4) == .exited(1))
        #expect(cause(nil) == .unknown)
        #expect(cause(nil, nil, 3, 4) == .unknown)
        #expect(cause(nil, heap) == .v8HeapLimit)
    }

    @Test func reasonsSayWhatIsNotKnown() {
        let reason = ExitJudgement.decide(ExitEvidence(status: .signaled(SIGKILL, coreDumped: false))).reason
        #expect(reason == "SIGKILL ended it; whether its cgroup was full is not known")
        #expect(ExitJudgement.decide(ExitEvidence(status: .signaled(SIGABRT, coreDumped: false))).reason.contains("last words were not seen"))
    }
}
