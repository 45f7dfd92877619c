import Linux
import Node
import SnapshotStore
public import Units

/// A file that nobody here asked for: Node's own snapshot near its heap limit, or one that the service's code wrote.
///
/// Near the heap limit seconds count: Node began with 0 bytes a moment ago and will need several times the heap, so headroom is lent at once
/// (contract 14), before anything is measured.
public struct UnrequestedArtifact: Sendable {
    private let site: CaptureSite

    public init(site: CaptureSite) { self.site = site }

    /// - Parameters:
    ///   - heap: what the heap is at most: V8's own limit, or the last estimate.
    /// - Throws: as `SignalEngine.capture`.
    public func capture(
        _ artifact: Artifact, request: CaptureRequest, directory: ArtifactDirectory, heap: ByteCount?,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureOutcome {
        let began = SystemClock.monotonic()
        let target = request.process.identity
        var outcome = CaptureOutcome(record: request.record)
        let hierarchy = try MemoryHierarchy.of(target.pid, in: site.table)
        let use = try hierarchy.flatMap { try workingSet($0.leaf) }
        if request.admission.lend, let hierarchy, let use, let heap, let host = try? site.table.hostMemory() {
            let cost = site.predictedCost(heap: heap, version: request.process.version, owner: request.record.owner)
            outcome.record.prediction = .init(heap: heap, extra: cost.extra, pause: Seconds(cost.pause))
            // Contract 15: never more than the host can spare; less than the prediction is still better than nothing here.
            let limit = use + min(cost.extra * 1.1, Admission.spare(available: host.available, total: host.total))
            // Node writes all the same: a limit that cannot be raised is no reason to let its file lie.
            try? site.lend(limit, for: request, hierarchy: hierarchy, use: use, outcome: &outcome)
            if let loan = outcome.record.loan { report(.lent(from: loan.from, to: loan.to)) }
        }
        let follower = ArtifactFollower(site: site, request: request, hierarchy: hierarchy)
        let end = await follower.follow(&outcome, artifact: { artifact }, directory: directory, report: report)
        guard end.state.isFinal else { throw CancellationError() }  // given up: Node writes on
        try? site.loans.hasAnswered(target, heldBy: site.holder)
        if let use { try site.account(hierarchy, before: use) }
        outcome.record.actual = .init(
            peak: end.cost.peak, pause: end.cost.pause.map { Seconds($0) })
        if end.state == .stalled, site.isHeld(artifact, by: target) {
            outcome.record.state = .stalled
            outcome.record = try site.publish(outcome.record)
            outcome.leftOpen = artifact
            return outcome
        }
        outcome.record = try await site.collect(artifact.path, state: end.state, record: outcome.record, began: began, report: report)
        return outcome
    }
}
