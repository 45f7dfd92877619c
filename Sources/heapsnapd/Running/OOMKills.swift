import Linux
import Node
import SnapshotStore
import Units

/// How many processes of a cgroup the kernel had killed at its limit, and when that was read (`oom_kill` of `memory.events`, of v1's `memory.oom_control`).
struct OOMKills {
    let count: UInt64
    let at: Timestamp

    /// - Returns: nil without a cgroup, or where the kernel does not count (v1 before Linux 4.13).
    init?(countedBy hierarchy: MemoryHierarchy?) throws {
        guard let count = try hierarchy?.leaf.events()?.oomKill else { return nil }
        (self.count, at) = (count, SystemClock.now())
    }

    /// This count with the copies of `process` that were killed since: they are no death of the service. Told by their records, those of a `dump` beside
    /// `run` too. Reads the store's index; asked only at a death.
    func withCopies(of process: ProcessID, in store: SnapshotStore) -> UInt64 {
        let records = (try? store.records().records) ?? []
        return records.filter { $0.pid == process && $0.createdAt >= at }.reduce(count) { $0 + UInt64(max($1.oomKilledCopies ?? 0, 0)) }
    }
}
