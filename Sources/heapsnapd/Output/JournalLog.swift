import Logging
import Systemd

/// Log lines for the journal: what `metadata` says becomes fields, and the event of an entry its MESSAGE_ID.
struct JournalLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        do { try Journal.send(entry(event)) } catch {
            // A unit whose sandbox hides journald's socket: its standard error is the journal all the same.
            ConsoleLog(logLevel: logLevel).log(event: event)
        }
    }

    func entry(_ event: LogEvent) -> JournalEntry {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let about = JournalField.allCases.compactMap { field in all[field.rawValue].map { (field, "\($0)") } }
        return JournalEntry(
            "\(event.message)", priority: Self.priority(event.level), event: all[Self.eventKey].flatMap { JournalEvent(rawValue: "\($0)") },
            about: Dictionary(uniqueKeysWithValues: about))
    }

    fileprivate static let eventKey = "event"

    private static func priority(_ level: Logger.Level) -> JournalEntry.Priority {
        switch level {
        case .trace, .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        }
    }
}

extension Logger {
    /// To the journal where it takes our standard error, else for people.
    static func ofProgram(level: Logger.Level) -> Logger {
        let journal = Journal.takesStandardError
        return Logger(label: "heapsnapd") { _ -> any LogHandler in
            if journal { JournalLog(logLevel: level) } else { ConsoleLog(logLevel: level) }
        }
    }

    /// What has an id of its own in the journal; elsewhere a line as any other.
    func record(_ event: JournalEvent, _ message: Logger.Message, about: [JournalField: String] = [:]) {
        var metadata: Logger.Metadata = [JournalLog.eventKey: "\(event.rawValue)"]
        for (field, value) in about { metadata[field.rawValue] = "\(value)" }
        log(level: Self.level(event.priority), message, metadata: metadata)
    }

    private static func level(_ priority: JournalEntry.Priority) -> Logger.Level {
        switch priority {
        case .critical: .critical
        case .error: .error
        case .warning: .warning
        case .notice: .notice
        case .info: .info
        case .debug: .debug
        }
    }
}
