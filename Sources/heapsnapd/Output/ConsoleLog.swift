import Logging

/// Log lines for people on standard error, which the service shares: one write each, and it is clear who speaks.
struct ConsoleLog: LogHandler {
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let prefix = event.level >= .warning ? "\(event.level): " : ""
        Terminal.printLog("heapsnapd: \(prefix)\(event.message)")
    }
}
