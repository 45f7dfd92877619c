import AgentProtocol
import SnapshotStore
import Units

/// A hunt: for a bounded time the service itself keeps the ids of its objects, and its copies agree about them. Meanwhile it allocates 2 to 3 times slower.
extension CaptureRequest {
    /// V8 collects garbage and numbers what has no id yet, while the service stands still: 6 to 10 ms for each MiB of heap (docs/guide/exact-ids.md).
    private static let pausePerMebibyte = Duration.milliseconds(10)

    var keepsIDs: Bool { exactIDs.map { $0 > .zero } ?? false }

    /// For the agent's request: seconds.
    var secondsOfIDs: Double? { keepsIDs ? exactIDs?.inSeconds : nil }

    /// How long the isolate stands still at most beside the fork.
    func numbering(of heap: ByteCount) -> Duration { keepsIDs ? Self.pausePerMebibyte * heap.mebibytes : .zero }

    func objection(toNumbering heap: ByteCount, _ facts: AdmissionFacts) -> Refusal? {
        let pause = numbering(of: heap)
        let allowed = min(admission.maxPause, facts.watchdog.map { $0 / 2 } ?? admission.maxPause)
        guard pause > allowed, !admission.acceptRisk else { return nil }
        return Refusal(
            .pause,
            "to number its objects the service would stand still for about \(pause.text) (heap \(heap)), \(allowed.text) are allowed; "
                + "raise capture.maxPause, or do without --exact-ids")
    }
}

extension AgentHunt {
    /// The same for all copies of one hunt, and for no others: ids begin anew with each hunt, and in each isolate.
    func lineage(of process: ProcessIdentity, isolate: Int) -> String {
        "exact-\(process.pid)-\(process.startTime)-\(isolate)-\(Timestamp(secondsSinceEpoch: since).milliseconds)"
    }

    var end: Timestamp { Timestamp(secondsSinceEpoch: until) }
}
