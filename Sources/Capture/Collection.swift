import Dispatch
public import HeapSnapshot
import Linux
public import SnapshotStore
import Synchronization
public import Units

/// One after the other: each takes a processor and some MiB.
private let ingestQueue = DispatchQueue(label: "heapsnapd.ingest", qos: .utility)

private final class Flag: Sendable {
    private let value = Atomic(false)
    var isSet: Bool { value.load(ordering: .relaxed) }
    func set() { value.store(true, ordering: .relaxed) }
}

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
    /// - Throws: the store's error (no space, not writable), `CancellationError` within a few MiB; the file then stays where it is.
    public func collect(
        _ path: String, state: ArtifactProgress.State, record: SnapshotRecord, began: Duration, report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> SnapshotRecord {
        // Seconds of compression, away from the threads on which signals are forwarded and memory is watched.
        let isCancelled = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                ingestQueue.async {
                    let result = Result {
                        try take(path, state: state, record: record, began: began) { bytes in
                            if isCancelled.isSet { throw CancellationError() }
                            report(.storing(bytes))
                        }
                    }
                    returnFreeMemory()
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            isCancelled.set()
        }
    }

    /// Whether a writer that does not move still has the file open, and stands still for a reason that passes: stopped (SIGSTOP, a debugger), frozen
    /// (docker pause), or waiting for a disk that hangs. One that goes on with other work has lost its file: Node leaks the descriptor after ENOSPC.
    public func isHeld(_ artifact: Artifact, by target: ProcessIdentity) -> Bool {
        guard (try? table.identity(target.pid)) == target, let files = try? table.openFiles(target.pid),
            files.contains(where: { $0.hasSuffix("/" + artifact.name) })
        else { return false }
        if let state = try? table.stat(target.pid)?.state, "TtD".contains(state) { return true }
        return (try? (MemoryHierarchy.of(target.pid, in: table)?.leaf as? CgroupV2Memory)?.isFrozen()) == true
    }

    /// `SnapshotStore.recover` with Node's verification.
    public func recover() async throws -> Recovery {
        try await withCheckedThrowingContinuation { continuation in
            ingestQueue.async { continuation.resume(with: Result { try store.recover { StreamVerifier() } }) }
        }
    }

    private func take(
        _ path: String, state: ArtifactProgress.State, record: SnapshotRecord, began: Duration, progress: (ByteCount) throws -> Void
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
            fileAt: path, id: record.id, compression: compression, level: compressionLevel, verifier: &verifier, progress: progress)
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
        // It stands by now. What cannot be deleted (another heapsnapd was faster) is for the next to try, and for `prune` to tell.
        for victim in (try? victims(keeping: record.id)) ?? [] { try? store.delete(victim.id) }
        return record
    }

    /// What the bounds of the store would have deleted now.
    public func victims(keeping written: SnapshotID? = nil) throws -> [Retention.Victim] {
        retention.victims(try store.records().records, free: try store.diskSpace().free, now: SystemClock.now(), written: written)
    }
}
