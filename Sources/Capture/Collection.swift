import Dispatch
public import HeapSnapshot
import Linux
public import SnapshotStore
public import Units

/// One after the other: each takes a processor and some MiB.
private let ingestQueue = DispatchQueue(label: "heapsnapd.ingest", qos: .utility)

extension StreamVerifier: StreamVerifying {
    public func verdict() -> StreamVerdict {
        switch finish() {
        case .complete(let header): .complete(nodeCount: header.nodeCount, edgeCount: header.edgeCount)
        case .truncated(let offset, let expected): .truncated(at: offset, expected: expected)
        case .invalid(let offset, let reason): .invalid(at: offset, reason: reason)
        }
    }
}

extension CaptureSite {
    /// Takes a file that its writer has left into the store: verified, compressed and hashed in one pass, published with its record, and removed where it
    /// lay. What is not whole is kept all the same and says so.
    ///
    /// - Parameter began: of the capture, on the monotonic clock.
    /// - Throws: the store's error (no space, not writable); the file then stays where it is.
    public func collect(
        _ path: String, state: ArtifactProgress.State, record: SnapshotRecord, began: Duration, report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> SnapshotRecord {
        // Seconds of compression, away from the threads on which signals are forwarded and memory is watched.
        try await withCheckedThrowingContinuation { continuation in
            ingestQueue.async {
                let result = Result { try take(path, state: state, record: record, began: began, report: report) }
                returnFreeMemory()
                continuation.resume(with: result)
            }
        }
    }

    /// `SnapshotStore.recover` with Node's verification.
    public func recover() async throws -> Recovery {
        try await withCheckedThrowingContinuation { continuation in
            ingestQueue.async { continuation.resume(with: Result { try store.recover { StreamVerifier() } }) }
        }
    }

    private func take(
        _ path: String, state: ArtifactProgress.State, record: SnapshotRecord, began: Duration, report: (CaptureProgress) -> Void
    ) throws -> SnapshotRecord {
        var record = record
        guard let size = SmallFile.size(path), size > .zero else {
            // A file without a byte holds nothing: the record is what there is to keep.
            record.state = state == .targetDied ? .targetDied : state == .stalled ? .stalled : .truncated
            SmallFile.remove(path)
            return try publish(record)
        }
        var verifier = StreamVerifier()
        let ingested = try store.ingest(
            fileAt: path, id: record.id, compression: compression, level: compressionLevel, verifier: &verifier, progress: { report(.storing($0)) })
        // Killed between publishing and removing the source, an earlier heapsnapd left this file behind: it is in the store already.
        if let twin = try store.records().records.first(where: { $0.sha256 == ingested.sha256 }) {
            try store.discard(ingested)
            SmallFile.remove(path)
            return twin
        }
        record.apply(ingested)
        if state == .stalled && record.state == .truncated { record.state = .stalled }
        record.actual?.duration = Seconds(SystemClock.monotonic() - began)
        let published = try publish(record)
        SmallFile.remove(path)
        return published
    }

    /// Makes the record final and lets the store's bounds have their way.
    /// - Returns: the record as it stands in the store: one that repeats the newest of its service is counted there.
    public func publish(_ record: SnapshotRecord) throws -> SnapshotRecord {
        var record = record
        record.completedAt = SystemClock.now()
        let newest = try store.records().records.last { $0.service == record.service }
        if let folded = RepeatedRecord.fold(record, into: newest) { record = folded }
        try store.publish(record)
        for victim in try victims(keeping: record.id) { try store.delete(victim.id) }
        return record
    }

    /// What the bounds of the store would have deleted now.
    public func victims(keeping written: SnapshotID? = nil) throws -> [Retention.Victim] {
        retention.victims(try store.records().records, free: try store.diskSpace().free, now: SystemClock.now(), written: written)
    }
}
