import AgentProtocol
import Linux
import Node
import SnapshotStore
import Units

/// Rungs 1a and 1b: the process forks, and its copy takes the snapshot while the service runs on.
///
/// A copy that dies, hangs or is killed has cost the service nothing but the fork; it is tried again a moment later, and then the next rung is taken.
struct CopyOnWriteEngine: Sendable {
    private let site: CaptureSite
    private let attempts: Int

    /// - Parameter attempts: copies that are made at most.
    init(site: CaptureSite, attempts: Int) {
        self.site = site
        self.attempts = max(1, attempts)
    }

    /// - Parameters:
    ///   - isolate: nil: the main one.
    ///   - outcome: its record tells all when this returns nil, and is published.
    /// - Returns: why no snapshot was taken; nil: one was.
    /// - Throws: the store's error, `CancellationError`.
    func capture(
        _ request: CaptureRequest, isolate: Int?, connection: AgentConnection, outcome: inout CaptureOutcome,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> Refusal? {
        let began = SystemClock.monotonic()
        let target = request.process.identity
        let heap: AgentIsolate
        switch choose(isolate, among: try await isolates(connection)) {
        case .success(let found): heap = found
        case .failure(let refusal): return refusal
        }
        var request = request
        if let size = heap.heap?.totalHeapSize { request.heapBound = ByteCount(size) }
        guard let facts = try site.facts(for: request) else { return Refusal(.copyFailed, "process \(target.pid) is gone") }
        outcome.record.describe(facts)
        let hierarchy = try MemoryHierarchy.of(target.pid, in: site.table)

        let made: CaptureCgroup?
        let plan: CopyAdmission.Plan
        switch try prepare(request, facts, hierarchy) {
        case .success(let prepared): (made, plan) = prepared
        case .failure(let refusal): return refusal
        }
        defer { made?.remove() }
        report(.admitted(facts, Admission.Plan(raisedLimit: plan.raisedLimit, accepted: plan.accepted)))
        if let limit = plan.raisedLimit, let hierarchy {
            do { try site.lend(limit, for: request, hierarchy: hierarchy, use: facts.use, outcome: &outcome) } catch {
                return Refusal(.doesNotFit, "the limit cannot be raised to \(limit) for the copy: \(error)")
            }
            if let loan = outcome.record.loan { report(.lent(from: loan.from, to: loan.to)) }
        }

        var failure = Refusal(.copyFailed, "no copy was made")
        for attempt in 1...attempts {
            let follower = CopyFollower(site: site, request: request, hierarchy: hierarchy)
            switch try await follower.copy(isolate: heap.id, home: made, connection: connection, outcome: &outcome, report: report) {
            case .taken(let copy):
                outcome.record.take(copy, attempt: attempt, rung: made == nil ? "copyOnWriteShared" : "copyOnWrite", began: began)
                learn(from: copy, facts, outcome.record)
                if !heap.main { outcome.record.isolate = heap.id }
                outcome.record = try site.publish(outcome.record)
                return nil
            case .failed(let refusal, let isWorthARetry):
                failure = refusal
                report(.copyFailed(refusal))
                guard isWorthARetry, attempt < attempts else { break }
                try await Task.sleep(for: .milliseconds(500 * attempt))
                continue
            }
            break
        }
        return failure
    }

    /// All isolates with their heaps, as V8 itself says them. One that does not answer takes 2 s.
    func isolates(_ connection: AgentConnection) async throws -> [AgentIsolate] {
        guard case .isolates(_, let isolates)? = try await connection.ask(.isolates) else { return [] }
        return isolates
    }

    func choose(_ isolate: Int?, among isolates: [AgentIsolate]) -> Result<AgentIsolate, Refusal> {
        guard let found = isolates.first(where: { isolate == nil ? $0.main : $0.id == isolate }) else {
            return .failure(
                Refusal(.noSuchIsolate, "there is no isolate \(isolate.map(String.init) ?? "of the main thread"); `heapsnapd check` lists them"))
        }
        guard found.notInterruptible != true else {
            return .failure(
                Refusal(
                    .notInterruptible,
                    "isolate \(found.id) was reached neither by interrupt nor through its event loop within 2 s; it waits in one long call"))
        }
        return .success(found)
    }

    func prepare(_ request: CaptureRequest, _ facts: AdmissionFacts, _ hierarchy: MemoryHierarchy?) throws -> Result<
        (CaptureCgroup?, CopyAdmission.Plan), Refusal
    > {
        let admission = CopyAdmission(lend: request.admission.lend, acceptRisk: request.admission.acceptRisk)
        guard let hierarchy else {
            return admission.decide(facts, home: .shared(reason: "no memory cgroup is mounted", oomGroup: false)).map { (nil, $0) }
        }
        switch CaptureCgroup.make(
            request.record.id.text, outside: hierarchy, limit: Admission.spare(available: facts.hostAvailable, total: facts.hostTotal))
        {
        case .success(let cgroup):
            let decision = admission.decide(facts, home: .own)
            if case .failure = decision { cgroup.remove() }
            return decision.map { (cgroup, $0) }
        case .failure(let obstacle):
            let home = CopyAdmission.Home.shared(reason: obstacle.description, oomGroup: (try? hierarchy.leaf.oomGroup()) ?? false)
            return admission.decide(facts, home: home).map { (nil, $0) }
        }
    }

    /// What the copy took is what a snapshot in place would take of the service.
    private func learn(from copy: CopyFollower.Taken, _ facts: AdmissionFacts, _ record: SnapshotRecord) {
        guard copy.isOutside, record.state == .complete, let cost = facts.cost, cost.heap >= .mebibytes(8), let extra = copy.copyPeak,
            let work = copy.work,
            let seen = LearnedCost(heap: cost.heap, extra: extra, pause: work, bytes: copy.ingested.bytes)
        else { return }
        _ = try? site.store.learn(seen, of: record.service)
    }
}

extension SnapshotRecord {
    mutating func take(_ copy: CopyFollower.Taken, attempt: Int, rung: String, began: Duration) {
        engine = "copyOnWrite"
        apply(copy.ingested)
        rungs.append(.init(rung: rung))
        var actual = Actual(
            peak: copy.peak, pause: copy.pause.map { Seconds($0) }, duration: Seconds(SystemClock.monotonic() - began), bytes: copy.ingested.bytes)
        actual.copyPeak = copy.copyPeak
        actual.rewritten = copy.rewritten
        actual.attempts = attempt
        self.actual = actual
        lineage = "fork-\(id)"
    }
}
