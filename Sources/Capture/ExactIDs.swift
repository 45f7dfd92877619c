import AgentProtocol
import SnapshotStore
import Units

/// A hunt: for a bounded time the service itself keeps the ids of its objects, and its copies agree about them. Meanwhile it allocates 2 to 3 times slower.
extension CaptureRequest {
    /// V8 collects garbage and numbers what has no id yet, while the service stands still: 5 to 6.5 ms of processor time for each MiB of heap.
    private static let pausePerMebibyte = Duration.milliseconds(10)
    /// V8's table of small objects: 1.65 of the heap at 90 MiB, 2.06 at 267 MiB (Node 18 to 26; docs/guide/exact-ids.md). It stays in the service.
    private static let tablePerHeapByte = 2.2

    var keepsIDs: Bool { exactIDs.map { $0 > .zero } ?? false }

    /// For the agent's request: seconds.
    var secondsOfIDs: Double? { keepsIDs ? exactIDs?.inSeconds : nil }

    /// How long the isolate stands still at most beside the fork.
    func numbering(of heap: ByteCount) -> Duration { keepsIDs ? Self.pausePerMebibyte * heap.mebibytes : .zero }

    /// - Parameter isOpen: a hunt goes on, and its table is part of the use.
    func objection(toNumbering heap: ByteCount, isOpen: Bool, _ facts: AdmissionFacts) -> Refusal? {
        guard keepsIDs, !admission.acceptRisk else { return nil }
        let pause = numbering(of: heap)
        let allowed = min(admission.maxPause, facts.watchdog.map { $0 / 2 } ?? admission.maxPause)
        if pause > allowed {
            return Refusal(
                .pause,
                "to number its objects the service would stand still for about \(pause.text) (heap \(heap)), \(allowed.text) are allowed; "
                    + "raise capture.maxPause, or do without --exact-ids")
        }
        let table = heap * Self.tablePerHeapByte
        guard !isOpen, let limit = facts.limit, facts.use + table > limit else { return nil }
        return Refusal(
            .doesNotFit,
            "to number its objects the service would need up to \(table) on top of \(facts.use), its limit is \(limit); do without --exact-ids")
    }
}

extension AgentHunt {
    /// The same for all copies of one hunt, and for no others: ids begin anew with each hunt, and in each isolate.
    func lineage(of process: ProcessIdentity, isolate: Int) -> String {
        "exact-\(process.pid)-\(process.startTime)-\(isolate)-\(Timestamp(secondsSinceEpoch: since).milliseconds)"
    }

    var end: Timestamp { Timestamp(secondsSinceEpoch: until) }
}
