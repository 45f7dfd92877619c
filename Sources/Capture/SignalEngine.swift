import Linux
import Node
import SnapshotStore
import Units

/// Rung 2: a snapshot in place, asked for by the signal that the process catches for it.
///
/// The order is fixed: facts, decision, loan, a last look at the handler, signal. Whatever is refused has not touched the service.
struct SignalEngine: Sendable {
    private let site: CaptureSite

    init(site: CaptureSite) { self.site = site }

    /// - Parameters:
    ///   - outcome: what the rungs above left in its record.
    ///   - directory: nil where it cannot be opened, which is for admission to refuse.
    ///   - arrival: the next file that appeared in the directory since the signal, if any; asked again until there is one.
    /// - Throws: `KernelError` or the store's error; what was lent is in the loan book then.
    func capture(
        _ request: CaptureRequest, outcome: CaptureOutcome, directory: ArtifactDirectory?, arrival: @Sendable () async -> Artifact?,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureOutcome {
        let began = SystemClock.monotonic()
        let target = request.process.identity
        var outcome = outcome
        outcome.record.engine = request.handler == .app ? "app" : "signal"

        guard let (facts, decision) = try decide(request) else { return try died(outcome) }
        outcome.record.describe(facts)
        let plan: Admission.Plan
        switch decision {
        case .success(let admitted): plan = admitted
        case .failure(let refusal): return try refused(outcome, refusal)
        }
        guard let directory else {
            return try refused(outcome, Refusal(.directoryNotWritable, "cannot watch \(request.directory); name another by --diagnostic-dir"))
        }
        report(.admitted(facts, plan))

        let hierarchy = try MemoryHierarchy.of(target.pid, in: site.table)
        if let limit = plan.raisedLimit, let hierarchy {
            // Where the limit does not stand, the signal would kill.
            if let refusal = site.raise(limit, for: request, hierarchy: hierarchy, use: facts.use, outcome: &outcome) {
                return try refused(outcome, refusal)
            }
            if let loan = outcome.record.loan { report(.lent(from: loan.from, to: loan.to)) }
        }
        // Node may have begun by itself a moment ago: its file is as good as the one that would be asked for, and a second would come on top.
        let early = await arrival()
        if let early {
            outcome.record.engine = request.handler == .app ? "app" : "nearHeapLimit"
            outcome.record.detail = [outcome.record.detail, "\(early.name) had begun before the signal"].compactMap(\.self).joined(separator: "; ")
        } else {
            switch try send(request) {
            case .sent: report(.signalled)
            case .gone: return try died(outcome)
            case .refused(let refusal): return try refused(outcome, refusal)
            }
        }

        let follower = ArtifactFollower(site: site, request: request, hierarchy: hierarchy)
        let end = await follower.follow(
            &outcome, artifact: { if let early { early } else { await arrival() } }, directory: directory, report: report)
        // Without a file the handler is still to run, and needs what was lent then.
        if end.artifact != nil {
            guard end.state.isFinal else { throw CancellationError() }  // given up: Node writes on
            try site.loans.hasAnswered(target, heldBy: site.holder)
        } else if end.state != .targetDied {
            try site.loans.owes(target, heldBy: site.holder)
        }
        try site.account(hierarchy, before: facts.use)
        outcome.record.actual = .init(peak: end.cost.peak, pause: end.cost.pause.map { Seconds($0) })
        guard let artifact = end.artifact else {
            outcome.record.state = end.state == .targetDied ? .targetDied : .stalled
            return try published(outcome, began: began)
        }
        if end.state == .stalled, site.isHeld(artifact, by: request.process.identity) {
            outcome.record.state = .stalled
            outcome.leftOpen = artifact
            return try published(outcome, began: began)
        }
        outcome.record = try await site.collect(artifact.path, state: end.state, record: outcome.record, began: began, report: report)
        if outcome.record.state == .complete { site.learn(from: outcome.record, peakRSS: end.cost.peakRSS, facts: facts) }
        return outcome
    }

    /// By the bound of the heap that the caller has, where that admits without ado; else by an estimate of now.
    private func decide(_ request: CaptureRequest) throws -> (AdmissionFacts, Result<Admission.Plan, Refusal>)? {
        guard let facts = try site.facts(for: request) else { return nil }
        let decision = request.admission.decide(facts)
        if request.heapBound == nil { return (facts, decision) }
        if case .success(let plan) = decision, plan == Admission.Plan() { return (facts, decision) }
        var exact = request
        exact.heapBound = nil
        return try decide(exact)
    }

    private enum Sending { case sent, gone, refused(Refusal) }

    /// The process may have execed, reset its handlers or gone since the facts were read: look once more, then signal through the pidfd.
    private func send(_ request: CaptureRequest) throws -> Sending {
        let target = request.process.identity
        guard let handle = try ProcessHandle(target.pid, table: site.table), handle.identity == target,
            let status = try site.table.status(target.pid)
        else { return .gone }
        guard status.caught.contains(request.signal) else {
            return .refused(
                Refusal(.signalNotCaught, "process \(target.pid) no longer catches \(Signals.name(request.signal)): the signal would kill it"))
        }
        return try handle.signal(request.signal) ? .sent : .gone
    }

    private func refused(_ outcome: CaptureOutcome, _ refusal: Refusal) throws -> CaptureOutcome {
        var outcome = outcome
        outcome.record.rungs.append(.init(rung: "signal", skipped: .init(code: refusal.code.rawValue, message: refusal.message)))
        return try site.refused(outcome, refusal)
    }

    private func died(_ outcome: CaptureOutcome) throws -> CaptureOutcome {
        var outcome = outcome
        outcome.record.state = .targetDied
        outcome.record = try site.publish(outcome.record)
        return outcome
    }

    private func published(_ outcome: CaptureOutcome, began: Duration) throws -> CaptureOutcome {
        var outcome = outcome
        outcome.record.actual?.duration = Seconds(SystemClock.monotonic() - began)
        outcome.record = try site.publish(outcome.record)
        return outcome
    }
}
