import Capture
import Testing
import Units

@Suite struct AdmissionTests {
    let admission = Admission(maxPause: .seconds(10), lend: true, acceptRisk: false)

    /// 512 MiB container, 200 MiB in use, a heap of `heap` MiB at 7.5 x and 65 ms per MiB, 20 GiB free on the host.
    func facts(heap: Int, use: Int = 200) -> AdmissionFacts {
        var facts = AdmissionFacts(
            use: .mebibytes(use), limit: .mebibytes(512), hostAvailable: .gibibytes(20), hostTotal: .gibibytes(24),
            directory: "/var/lib/heapsnapd/incoming",
            directoryWritable: true, directoryAvailable: .gibibytes(50), storeAvailable: .gibibytes(50), storeSharesFileSystem: true)
        facts.cost = .init(heap: .mebibytes(heap), extra: .mebibytes(heap) * 7.5, pause: .milliseconds(65 * heap), file: .mebibytes(heap) * 1.6)
        return facts
    }

    func refusal(_ facts: AdmissionFacts, _ admission: Admission? = nil) -> Refusal.Code? {
        guard case .failure(let refusal) = (admission ?? self.admission).decide(facts) else { return nil }
        return refusal.code
    }

    @Test func aSmallHeapFitsAsItIs() throws {
        let plan = try admission.decide(facts(heap: 30)).get()
        #expect(plan.raisedLimit == nil && plan.accepted == nil)
    }

    @Test func aLimitIsRaisedForWhatDoesNotFit() throws {
        let plan = try admission.decide(facts(heap: 100)).get()
        #expect(plan.raisedLimit == .mebibytes(200) + .mebibytes(100) * 7.5 * 1.1)
    }

    @Test func nothingIsLentWhereItCannotBe() {
        var facts = facts(heap: 100)
        facts.lendingObstacle = "cgroupfs is read-only"
        #expect(refusal(facts) == .doesNotFit)
        facts.lendingObstacle = nil
        #expect(refusal(facts, Admission(maxPause: .seconds(10), lend: false, acceptRisk: false)) == .doesNotFit)
    }

    @Test func theHostsMemoryIsTheLastWord() {
        var facts = facts(heap: 100)
        facts.hostAvailable = .mebibytes(1_900)
        #expect(refusal(facts) == .hostMemory)
        facts.limit = nil
        #expect(refusal(facts) == .hostMemory)
    }

    @Test func thePauseIsBounded() {
        #expect(refusal(facts(heap: 160)) == .pause)
        #expect(refusal(facts(heap: 150)) == nil)
        var watched = facts(heap: 100)
        watched.watchdog = .seconds(10)
        #expect(refusal(watched) == .pause)
    }

    @Test func riskCanBeAcceptedForTheFitOnly() throws {
        let bold = Admission(maxPause: .seconds(10), lend: false, acceptRisk: true)
        #expect(try bold.decide(facts(heap: 300)).get().accepted?.code == .doesNotFit)
        var deadly = facts(heap: 30)
        deadly.objection = Refusal(.signalNotCaught, "SIGUSR2 is not caught")
        #expect(refusal(deadly, bold) == .signalNotCaught)
        var full = facts(heap: 30)
        full.directoryAvailable = .mebibytes(40)
        #expect(refusal(full, bold) == .noSpace)
        full.directoryWritable = false
        #expect(refusal(full, bold) == .directoryNotWritable)
    }

    @Test func diskCountsRawAndStored() {
        var facts = facts(heap: 100)
        facts.directoryAvailable = .mebibytes(180)
        #expect(refusal(facts) == .noSpace)
        facts.storeSharesFileSystem = false
        #expect(refusal(facts) == nil)
        facts.storeAvailable = .mebibytes(20)
        #expect(refusal(facts) == .noSpace)
    }

    @Test func aFileOnTmpfsIsMemory() throws {
        var facts = facts(heap: 37)
        #expect(try admission.decide(facts).get().raisedLimit == nil)
        facts.directoryIsMemory = true
        #expect(try admission.decide(facts).get().raisedLimit != nil)
    }

    @Test func anUnknownHeapIsRefused() {
        var facts = facts(heap: 30)
        facts.cost = nil
        #expect(refusal(facts) == .heapUnknown)
    }
}
