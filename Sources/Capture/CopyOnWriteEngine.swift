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
    ///   - request: gets to know the heap, for the next rung.
    ///   - isolate: nil: the main one.
    ///   - outcome: its record tells all when this returns nil, and is published.
    /// - Returns: why no snapshot was taken; nil: one was.
    /// - Throws: the store's error, `CancellationError`.
    func capture(
        _ request: inout CaptureRequest, isolate: Int?, connection: AgentConnection, outcome: inout CaptureOutcome,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> Refusal? {
        let began = SystemClock.monotonic()
        let heap: AgentIsolate
        switch choose(isolate, among: try await isolates(connection, only: isolate)) {
        case .success(let found): heap = found
        case .failure(let refusal): return refusal
        }
        if let size = heap.heap?.totalHeapSize {
            request.heapAtLeast = ByteCount(size)
            request.heapBound = ByteCount(size)
        }
        guard let facts = try site.facts(for: request) else { return gone(request) }
        outcome.record.describe(facts)
        if let size = request.heapBound, let refusal = request.objection(toNumbering: size, isOpen: heap.exactIds != nil, facts) { return refusal }
        let hierarchy = try MemoryHierarchy.of(request.process.identity.pid, in: site.table)

        let admitted: Admitted
        switch try admit(request, facts, hierarchy) {
        case .success(let decision): admitted = decision
        case .failure(let refusal): return refusal
        }
        report(.admitted(facts, Admission.Plan(raisedLimit: admitted.plan.raisedLimit, accepted: admitted.plan.accepted)))
        if let limit = admitted.plan.raisedLimit, let hierarchy,
            let refusal = site.raise(limit, for: request, hierarchy: hierarchy, use: facts.use, outcome: &outcome)
        {
            return refusal
        }
        if let loan = outcome.record.loan { report(.lent(from: loan.from, to: loan.to)) }

        let follower = CopyFollower(site: site, request: request, hierarchy: hierarchy)
        var attempt = 0
        while true {
            attempt += 1
            let result = try await follower.copy(
                isolate: heap.id, placement: admitted.placement, connection: connection, outcome: &outcome, report: report)
            switch result {
            case .taken(let copy):
                if !heap.main { outcome.record.isolate = heap.id }
                outcome.record.take(copy, attempt: attempt, began: began)
                learn(from: copy, facts, outcome.record)
                outcome.record = try site.publish(outcome.record)
                return nil
            case .failed(let refusal, let isWorthARetry):
                report(.copyFailed(refusal))
                guard isWorthARetry, attempt < attempts else { return refusal }
                try await Task.sleep(for: .milliseconds(500 * attempt))
            }
        }
    }

    private func gone(_ request: CaptureRequest) -> Refusal { Refusal(.copyFailed, "process \(request.process.identity.pid) is gone") }

    /// With its heap, as V8 itself says it. One that does not answer takes 2 s.
    private func isolates(_ connection: AgentConnection, only isolate: Int?) async throws -> [AgentIsolate] {
        let wanted = isolate ?? connection.hello.isolates.first(where: \.main)?.id
        guard case .isolates(_, let isolates, _)? = try await connection.ask(.isolates(only: wanted)) else { return [] }
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

    struct Admitted: Sendable {
        var plan: CopyAdmission.Plan
        /// nil: the copy stays in the service's cgroup.
        var placement: CopyPlacement?
    }

    /// Touches nothing.
    func admit(_ request: CaptureRequest, _ facts: AdmissionFacts, _ hierarchy: MemoryHierarchy?) throws -> Result<Admitted, Refusal> {
        let admission = CopyAdmission(lend: request.admission.lend, acceptRisk: request.admission.acceptRisk)
        func shared(_ reason: String, oomGroup: Bool) -> Result<Admitted, Refusal> {
            admission.decide(facts, home: .shared(reason: reason, oomGroup: oomGroup)).map { Admitted(plan: $0) }
        }
        guard let hierarchy else { return shared("no memory cgroup is mounted", oomGroup: false) }
        if let obstacle = site.placer.obstacle(outside: hierarchy) {
            return shared(obstacle, oomGroup: (try? hierarchy.leaf.oomGroup()) ?? false)
        }
        return admission.decide(facts, home: .own).map {
            let (id, service) = (request.record.id.text, request.record.service)
            return Admitted(plan: $0, placement: CopyPlacement(id: id, service: service, hierarchy: hierarchy, limit: $0.copyLimit))
        }
    }

    /// What the copy took is what a snapshot in place would take of the service.
    private func learn(from copy: CopyFollower.Taken, _ facts: AdmissionFacts, _ record: SnapshotRecord) {
        guard copy.cgroup != nil, record.state == .complete, let cost = facts.cost, cost.heap >= .mebibytes(8), let extra = copy.copyPeak,
            let work = copy.work,
            let seen = LearnedCost(heap: cost.heap, extra: extra, pause: work, bytes: copy.ingested.bytes)
        else { return }
        _ = try? site.store.learn(seen, of: record.owner)
    }
}

extension CaptureSite {
    /// The copy's place as it was admitted.
    /// - Parameters:
    ///   - copy: nil: not to be seen from here.
    ///   - placement: nil: where it is.
    /// - Throws: `Refusal` where it is not what `target` can have forked.
    func home(for copy: ProcessID?, of target: NodeProcess, _ placement: CopyPlacement?) throws -> CopyHome {
        if let copy, !isChild(copy, of: target) {
            throw Refusal(.copyFailed, "process \(copy) says that it is the copy, and is none of the service's")
        }
        guard let placement else { return CopyHome() }
        guard let copy else { throw LendingObstacle("it is in a pid namespace that cannot be seen from here") }
        return CopyHome(cgroup: try placer.place(copy, placement))
    }

    /// Whoever holds the socket can say that it is the copy, and would be moved out of its cgroup and its limit. Where the target has ended meanwhile, as near
    /// V8's limit, its child is somebody else's; the user stays.
    private func isChild(_ copy: ProcessID, of target: NodeProcess) -> Bool {
        guard let status = (try? table.status(copy)).flatMap(\.self) else { return false }
        guard (try? table.identity(target.identity.pid)) == target.identity, let parent = (try? table.status(target.identity.pid)).flatMap(\.self)
        else {
            return status.uids.effective == target.uid
        }
        return status.uids == parent.uids && (try? table.stat(copy))??.parent == target.identity.pid
            && (try? table.cgroups(copy)) == (try? table.cgroups(target.identity.pid))
    }
}

extension SnapshotRecord {
    mutating func take(_ copy: CopyFollower.Taken, attempt: Int, began: Duration) {
        engine = "copyOnWrite"
        apply(copy.ingested)
        rungs.append(.init(rung: copy.cgroup == nil ? "copyOnWriteShared" : "copyOnWrite", note: copy.cgroup?.note))
        var actual = Actual(
            peak: copy.peak, pause: copy.pause.map { Seconds($0) }, duration: Seconds(SystemClock.monotonic() - began), bytes: copy.ingested.bytes)
        actual.copyPeak = copy.copyPeak
        actual.rewritten = copy.rewritten
        actual.attempts = attempt
        self.actual = actual
        if let hunt = copy.fork?.exactIds, let process = instance {
            lineage = hunt.lineage(of: process.identity, isolate: isolate ?? copy.fork?.isolate ?? 0)
            exactIdsUntil = hunt.end
        } else {
            lineage = "fork-\(id)"
        }
    }
}
