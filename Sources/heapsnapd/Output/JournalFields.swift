import Linux
import Node
import SnapshotStore
import Systemd

/// What an entry of the journal is about.
extension ServiceWatch {
    nonisolated func about(_ process: NodeProcess) -> [JournalField: String] {
        fields([
            .service: service, .pid: "\(process.identity.pid)", .unit: process.unit, .cgroup: process.cgroup, .exe: process.executable,
            .uid: "\(process.uid)",
        ])
    }

    nonisolated func about(_ record: SnapshotRecord) -> [JournalField: String] {
        fields([
            .service: record.service, .pid: record.pid?.description, .unit: record.host?.unit, .cgroup: record.host?.cgroup,
            .exe: record.node?.executable,
            .snapshot: record.id.text, .reason: record.refusal?.code ?? record.reason, .engine: record.engine,
            .size: record.bytes.map { "\($0.bytes)" },
            .limit: record.host?.limit.map { "\($0.bytes)" },
        ])
    }

    nonisolated private func fields(_ all: [JournalField: String?]) -> [JournalField: String] { all.compactMapValues(\.self) }
}
