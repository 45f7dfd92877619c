import Linux
import Node
import SnapshotStore
import Units

extension CaptureSite {
    /// Raises the limits for a capture, or an open loan further; what was lent stands in the outcome. Where nothing can be lent nothing happens: admission
    /// has decided before whether that matters.
    func lend(_ limit: ByteCount, for request: CaptureRequest, hierarchy: MemoryHierarchy, use: ByteCount, outcome: inout CaptureOutcome) throws {
        let loan = try loans.lend(
            limit, for: request.process.identity, service: request.record.service, hierarchy: hierarchy, use: use, holder: holder)
        if let loan, let first = loan.limits.first {
            outcome.record.loan = .init(lender: loan.lender, from: first.old, to: first.new, takenAt: loan.takenAt)
        }
    }

    /// - Returns: why the limit does not stand where the capture needs it.
    func raise(
        _ limit: ByteCount, for request: CaptureRequest, hierarchy: MemoryHierarchy, use: ByteCount, outcome: inout CaptureOutcome
    ) -> Refusal? {
        do {
            try lend(limit, for: request, hierarchy: hierarchy, use: use, outcome: &outcome)
            guard let now = try hierarchy.effectiveLimit()?.limit, now < limit else { return nil }
            return Refusal(
                .doesNotFit,
                "the limit was to be raised to \(limit) for the capture, and still is \(now); an ancestor that cannot be seen from here may set it")
        } catch { return Refusal(.doesNotFit, "the limit cannot be raised to \(limit) for the capture: \(error)") }
    }

    /// A prediction can be wrong, and by then the snapshot cannot be taken back: what comes within an eighth of the limit gets a quarter more, for as
    /// long as the host can spare it (docs/decisions/0003). Snapshots take 100 to 500 MB/s here, and this is asked ten times a second.
    func keepHeadroom(for request: CaptureRequest, hierarchy: MemoryHierarchy, use: ByteCount, outcome: inout CaptureOutcome) throws {
        guard request.admission.lend, let limit = try hierarchy.effectiveLimit()?.limit, use > limit * 0.875 else { return }
        let host = try table.hostMemory()
        let more = min(max(limit * 0.25, .mebibytes(256)), Admission.spare(available: host.available, total: host.total))
        if more > .zero { try lend(limit + more, for: request, hierarchy: hierarchy, use: use, outcome: &outcome) }
    }

    /// What the capture left behind in the service (node-and-linux.md, "Memory"): malloc does not give it back, and it is not the service's fault.
    func account(_ hierarchy: MemoryHierarchy?, before: ByteCount) throws {
        guard let leaf = hierarchy?.leaf, let now = try workingSet(leaf) else { return }
        try loans.account(now - before, heldBy: holder, of: leaf.path)
    }

    /// What this capture really cost, for the next prediction of the same service.
    func learn(from record: SnapshotRecord, peakRSS: ByteCount, facts: AdmissionFacts) {
        guard let cost = facts.cost, cost.heap >= .mebibytes(8), let bytes = record.bytes, let pause = record.actual?.pause, let before = facts.rss
        else { return }
        guard let seen = LearnedCost(heap: cost.heap, extra: max(.zero, peakRSS - before), pause: pause.duration, bytes: bytes) else { return }
        _ = try? store.learn(seen, of: record.owner)
    }
}

extension SnapshotRecord {
    mutating func describe(_ facts: AdmissionFacts) {
        prediction = .init(heap: facts.cost?.heap, extra: facts.cost?.extra, pause: facts.cost.map { Seconds($0.pause) })
    }
}
