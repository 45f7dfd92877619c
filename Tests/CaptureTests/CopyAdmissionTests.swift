import Testing
import Units

@testable import Capture

@Suite struct CopyAdmissionTests {
    private let admission = CopyAdmission(lend: true, acceptRisk: false)
    private let bold = CopyAdmission(lend: true, acceptRisk: true)
    private let shared = CopyAdmission.Home.shared(reason: "cgroupfs is read-only", oomGroup: false)

    /// 512 MiB container, 200 MiB in use, 180 of them the process's own, growing by 4 MiB a second; a heap of 100 MiB at 7.5 x and 5 s; 20 of 24 GiB free.
    private func facts(use: Int = 200, rss: Int? = 180, limit: Int? = 512) -> AdmissionFacts {
        var facts = AdmissionFacts(
            use: .mebibytes(use), limit: limit.map { .mebibytes($0) }, hostAvailable: .gibibytes(20), hostTotal: .gibibytes(24),
            directory: "/nowhere", directoryWritable: false, directoryAvailable: .zero, storeAvailable: .gibibytes(50), storeSharesFileSystem: true)
        facts.cost = .init(heap: .mebibytes(100), extra: .mebibytes(750), pause: .seconds(5), file: .mebibytes(160))
        facts.growth = .mebibytes(4)
        facts.rss = rss.map { .mebibytes($0) }
        return facts
    }

    private func refusal(_ facts: AdmissionFacts, _ home: CopyAdmission.Home = .own, by admission: CopyAdmission? = nil) -> Refusal? {
        guard case .failure(let refusal) = (admission ?? self.admission).decide(facts, home: home) else { return nil }
        return refusal
    }

    /// The host's available memory less a twentieth of the whole (contract 15): 20 GiB - 1.2 GiB.
    private let spare = ByteCount.gibibytes(20) - .gibibytes(24) * 0.05

    // MARK: 1a, outside of the service's limits

    /// The service may rewrite its 180 MiB and grows by 4 MiB/s in 2 x 5 s: 420 of 512 MiB. What the copy needs, 750 MiB, counts against the host only; the
    /// directory for Node's own file and its signal handler do not count at all.
    @Test func theCopyFitsBesideTheLimit() throws {
        let plan = try admission.decide(facts(), home: .own).get()
        #expect(plan == .init(raisedLimit: nil, copyLimit: spare))
        var unsafe = facts()
        unsafe.objection = Refusal(.signalNotCaught, "SIGUSR2 is not caught")
        unsafe.watchdog = .seconds(1)
        #expect(refusal(unsafe) == nil)
    }

    @Test func theLimitIsRaisedForWhatTheServiceRewrites() throws {
        #expect(try admission.decide(facts(use: 292), home: .own).get().raisedLimit == nil, "292 + 180 + 40 = 512")
        #expect(try admission.decide(facts(use: 293), home: .own).get() == .init(raisedLimit: .mebibytes(293 + 242), copyLimit: spare))
        #expect(try admission.decide(facts(use: 450), home: .own).get().raisedLimit == .mebibytes(450 + 242))
        // Without its RSS the heap is what is known of its pages.
        #expect(try admission.decide(facts(use: 450, rss: nil), home: .own).get().raisedLimit == .mebibytes(450 + 154))
    }

    @Test func withoutALimitTheHostDecides() throws {
        #expect(try admission.decide(facts(use: 9_000, limit: nil), home: .own).get() == .init(raisedLimit: nil, copyLimit: spare))
        #expect(try admission.decide(facts(use: 9_000, limit: nil), home: shared).get().raisedLimit == nil)
    }

    @Test func nothingIsLentWhereItCannotBe() {
        var facts = facts(use: 450)
        let forbidden = refusal(facts, by: CopyAdmission(lend: false, acceptRisk: false))
        #expect(forbidden?.code == .doesNotFit)
        #expect(
            forbidden?.message == "the service may rewrite 180 MiB and grow by 40 MiB while its copy lives: 670 MiB, the limit is 512 MiB; "
                + "lending is switched off (capture.lend)")
        facts.lendingObstacle = "cgroupfs is read-only"
        #expect(refusal(facts)?.code == .doesNotFit)
        #expect(refusal(facts)?.message.hasSuffix("; it cannot be raised: cgroupfs is read-only") == true)
        facts.use = .mebibytes(200)
        #expect(refusal(facts) == nil, "what fits needs no loan")
    }

    /// Contract 15: 256 MiB or a twentieth of the host stays free, whichever is more. The copy needs 750 MiB, the service up to 220 more.
    @Test func theHostHasToHaveTheMemory() {
        var facts = facts()
        facts.hostTotal = .gibibytes(4)
        facts.hostAvailable = .mebibytes(750 + 220 + 256)
        #expect(refusal(facts) == nil)
        facts.hostAvailable -= 1
        #expect(refusal(facts)?.code == .hostMemory)
        facts.limit = nil
        #expect(refusal(facts)?.code == .hostMemory, "with or without a limit")
        facts.hostTotal = .gibibytes(100)
        facts.hostAvailable = .mebibytes(750 + 220) + .gibibytes(5)
        #expect(refusal(facts) == nil)
        facts.hostAvailable -= 1
        #expect(refusal(facts)?.code == .hostMemory)
    }

    /// A quarter of 160 MiB; the copy writes no file but the store's.
    @Test func theStoreHasToHaveRoom() {
        var facts = facts()
        facts.storeAvailable = .mebibytes(40)
        #expect(refusal(facts) == nil)
        facts.storeAvailable -= 1
        #expect(refusal(facts)?.code == .noSpace)
    }

    @Test func anUnknownHeapIsRefused() {
        var facts = facts()
        facts.cost = nil
        facts.heapUnknownReason = "this Node marks no pages"
        #expect(
            refusal(facts)
                == Refusal(.heapUnknown, "cannot predict the cost of a copy: this Node marks no pages; pass --accept-risk to go on all the same"))
    }

    // MARK: 1b, in the service's own cgroup

    /// 200 + 180 + 40 + 750 MiB.
    @Test func inTheSameCgroupTheCopyCounts() throws {
        #expect(try admission.decide(facts(limit: 1_170), home: shared).get() == .init(raisedLimit: nil, copyLimit: spare))
        let short = refusal(facts(limit: 1_169), shared)
        #expect(short?.code == .doesNotFit)
        #expect(
            short?.message
                == "the copy would live in the service's own cgroup (cgroupfs is read-only), which would peak at about 1.14 GiB; the limit is 1.14 GiB"
        )
    }

    /// With memory.oom.group the kernel would kill the service for its copy's sake; where it fits nobody is killed.
    @Test func oomGroupIsARefusalOfItsOwn() throws {
        let deadly = CopyAdmission.Home.shared(reason: "cgroupfs is read-only", oomGroup: true)
        #expect(refusal(facts(limit: 1_169), deadly)?.code == .oomGroup)
        #expect(try admission.decide(facts(limit: 1_170), home: deadly).get().accepted == nil)
    }

    // MARK: risk

    @Test func riskCanBeAcceptedForAllButTheStore() throws {
        func accepted(_ facts: AdmissionFacts, _ home: CopyAdmission.Home = .own) throws -> Refusal.Code? {
            let plan = try bold.decide(facts, home: home).get()
            #expect(plan.raisedLimit == nil && plan.copyLimit == Admission.spare(available: facts.hostAvailable, total: facts.hostTotal))
            return plan.accepted?.code
        }
        var facts = facts(use: 450)
        facts.lendingObstacle = "cgroupfs is read-only"
        #expect(try accepted(facts) == .doesNotFit)
        #expect(try accepted(facts, shared) == .doesNotFit)
        #expect(try accepted(facts, .shared(reason: "", oomGroup: true)) == .oomGroup)
        facts.hostAvailable = .mebibytes(800)
        #expect(try accepted(facts) == .hostMemory)
        facts.cost = nil
        #expect(try accepted(facts) == .heapUnknown)
        facts = self.facts()
        #expect(try accepted(facts) == nil, "nothing to accept")
        facts.storeAvailable = .zero
        #expect(refusal(facts, by: bold)?.code == .noSpace)
        facts.hostAvailable = .zero
        #expect(refusal(facts, by: bold)?.code == .noSpace, "whatever else is short")
    }

    /// Who accepts the risk still gets the loan that can be had.
    @Test func riskIsNoReasonNotToLend() throws {
        #expect(try bold.decide(facts(use: 450), home: .own).get() == .init(raisedLimit: .mebibytes(450 + 242), copyLimit: spare))
    }
}
