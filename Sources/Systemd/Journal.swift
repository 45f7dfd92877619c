import CSystemd
import Glibc

/// systemd's journal, sd_journal_sendv(3).
public enum Journal {
    /// Whether this process's standard error is a stream to the journal (`$JOURNAL_STREAM`, systemd.exec(5)): then a line written there would arrive
    /// without its fields, and entries can be sent instead. Also false where libsystemd is missing.
    public static var takesStandardError: Bool {
        var status = stat()
        guard let stream = getenv("JOURNAL_STREAM"), fstat(STDERR_FILENO, &status) == 0 else { return false }
        return String(cString: stream) == "\(status.st_dev):\(status.st_ino)" && SystemdConnection.libraryObstacle == nil
    }

    /// Waits while journald does not read; it starts anew by itself within seconds when it hangs.
    public static func send(_ entry: JournalEntry) throws(SystemdError) {
        let fields = entry.fields.map { Array("\($0)=\($1)".utf8) }
        let all = fields.flatMap(\.self)
        var reason = systemd_reason()
        let result = all.withUnsafeBytes { bytes in
            var vectors: [iovec] = []
            var offset = 0
            for field in fields {
                vectors.append(iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress! + offset), iov_len: field.count))
                offset += field.count
            }
            return systemd_journal_send(vectors, vectors.count, &reason)
        }
        if result < 0 { throw SystemdError(operation: "write to the journal", reason: reason.string) }
    }
}

/// One entry of the journal.
public struct JournalEntry: Sendable {
    /// syslog(3).
    public enum Priority: Int, Sendable {
        case critical = 2, error, warning, notice, info, debug
    }

    public var message: String
    public var priority: Priority
    public var event: JournalEvent?
    public var about: [JournalField: String]

    public init(_ message: String, priority: Priority, event: JournalEvent? = nil, about: [JournalField: String] = [:]) {
        (self.message, self.priority, self.event, self.about) = (message, priority, event, about)
    }

    /// systemd.journal-fields(7). OBJECT_PID has journald add what it knows about that process; with OBJECT_SYSTEMD_UNIT, `journalctl -u UNIT` of the
    /// service shows the entry too, as it does for systemd-coredump's.
    var fields: [(name: String, value: String)] {
        var fields = [("MESSAGE", message), ("PRIORITY", "\(priority.rawValue)"), ("SYSLOG_IDENTIFIER", "heapsnapd")]
        if let event { fields.append(("MESSAGE_ID", event.messageID)) }
        fields += about.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.name, $0.value) }
        if let pid = about[.pid] { fields.append(("OBJECT_PID", pid)) }
        if let unit = about[.unit] { fields.append(("OBJECT_SYSTEMD_UNIT", unit)) }
        return fields.map { (name: $0.0, value: $0.1) }
    }
}

/// The fields of our entries, `HEAPSNAPD_SERVICE` and so on; the second half as systemd-coredump has them (COREDUMP_UNIT, …).
public enum JournalField: String, CaseIterable, Sendable {
    /// Contract 1.
    case service
    /// Snapshot id.
    case snapshot
    /// Why it was captured, refused or not done: a code where there is one.
    case reason
    /// The rung of the ladder.
    case engine
    /// Bytes.
    case size, limit
    case pid, unit, cgroup, comm, exe, uid

    public var name: String { "HEAPSNAPD_" + rawValue.uppercased() }
}
