import Capture
import Linux
import Logging
import Node
import SnapshotStore
import Units

extension Workplace {
    /// Puts right what an earlier heapsnapd that was killed left behind: snapshots without a record, files in the directories of runs that are gone, and
    /// those runs themselves (contract 28).
    func recover(log: Logger) async {
        do {
            let found = try await site.recover()
            for record in found.adopted { log.notice("adopted snapshot \(record.id), which had no record: \(record.state.rawValue)") }
            for name in found.quarantined { log.warning("set aside \(name), which is no record of ours") }
            let lost = try store.runStates().filter { (try? table.identity($0.supervisor.pid)) != $0.supervisor.identity && !store.isHeld($0) }
            for file in try store.orphans() where file.hasWriter != true {
                try await adopt(file, of: lost.first { $0.incoming == file.directory }, log: log)
            }
            for state in lost where state.leftFiles == true { try store.remove(state) }
            for state in lost where state.leftFiles != true {
                _ = try site.publish(record(of: state))
                try store.remove(state)
                log.warning("an earlier heapsnapd run of \(state.service) was killed")
            }
        } catch { log.warning("cannot put right what an earlier run left: \(error)") }
    }

    private func adopt(_ file: OrphanedFile, of state: RunState?, log: Logger) async throws {
        // What the service wrote there by itself stays: --diagnostic-dir also leads profiles (--cpu-prof, --heap-prof) here.
        guard let kind = ArtifactName(file.name) else { return log.notice("left alone: \(file.path)") }
        guard kind.isHeapSnapshot else { return SmallFile.remove(file.path) }
        var record = SnapshotRecord(
            id: SnapshotID(at: file.modifiedAt), state: .requested, service: state?.service ?? "unknown", reason: "adopted",
            engine: "nearHeapLimit", createdAt: file.modifiedAt)
        record.instance = state?.instance
        record.pid = state?.instance?.pid
        record.detail =
            state?.leftFiles == true
            ? "its heapsnapd had to end before the file was taken in" : "its heapsnapd was killed before it could take the file in"
        let adopted = try await site.collect(file.path, state: .targetDied, record: record, began: SystemClock.monotonic()) { _ in }
        log.notice("adopted \(file.name) as snapshot \(adopted.id): \(adopted.state.rawValue)")
    }

    private func record(of state: RunState) -> SnapshotRecord {
        let now = SystemClock.now()
        var record = SnapshotRecord(
            id: SnapshotID(at: now), state: .supervisorLost, service: state.service, reason: "supervisorLost", engine: "none",
            createdAt: now)
        record.instance = state.instance
        record.pid = state.instance?.pid
        record.detail = "heapsnapd run, process \(state.supervisor.pid), was killed; it had started at \(state.startedAt)"
        return record
    }
}
