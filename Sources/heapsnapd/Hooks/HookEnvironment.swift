import SnapshotStore
import Units

extension ServiceEvent {
    /// What a hook learns of it (docs/guide/hooks.md): numbers, names and paths, and nothing that stood in the heap. What is unknown is left out.
    ///
    /// None of the names lies in a section of the configuration: a hook may call heapsnapd, which reads HEAPSNAPD_STORE_… and the like.
    var hookVariables: [String: String] {
        let all: [String: String?] = [
            "EVENT": kind.rawValue, "SERVICE": record.service, "PID": record.pid?.description, "UNIT": record.host?.unit,
            "HOSTNAME": record.host?.hostname,
            "SNAPSHOT": record.id.text, "STATE": record.state.rawValue, "ENGINE": record.engine,
            "REASON": record.reason, "DETAIL": record.detail, "RULE": record.rule,
            "PATH": path, "BYTES": record.bytes.map { "\($0.bytes)" }, "STORED_BYTES": record.storedBytes.map { "\($0.bytes)" },
            "PAUSE_SECONDS": record.actual?.pause.map { "\(($0.duration.inSeconds * 1e6).rounded() / 1e6)" },
            "REFUSAL": record.refusal?.code, "REFUSAL_MESSAGE": record.refusal?.message,
            "EXIT_CAUSE": record.exit?.cause.rawValue, "EXIT_STATUS": record.exit?.status.map(String.init),
            "EXIT_SIGNAL": record.exit?.signal.map(String.init),
        ]
        // A NUL cannot be passed on, and would cut the variable.
        let told = all.compactMapValues(\.self).map { ("HEAPSNAPD_" + $0, $1.replacing("\0", with: "")) }
        return Dictionary(uniqueKeysWithValues: told)
    }
}
