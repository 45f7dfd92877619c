import Logging
import Synchronization
import Systemd
import Testing

@testable import heapsnapd

@Suite struct JournalLogTests {
    private func entry(_ metadata: Logger.Metadata?, level: Logger.Level = .notice) -> JournalEntry {
        let event = LogEvent(level: level, message: "captured", metadata: metadata, source: nil, file: "", function: "", line: 0)
        return JournalLog(metadata: ["service": "shop"], logLevel: .info).entry(event)
    }

    @Test func metadataBecomesFields() {
        let entry = entry(["event": "captured", "pid": "4711", "unknown": "x"])
        #expect(entry.message == "captured" && entry.priority == .notice && entry.event == .captured)
        #expect(entry.about == [.service: "shop", .pid: "4711"])
    }

    @Test func aLineWithoutAnEvent() {
        let entry = entry(["event": "unheard of"], level: .warning)
        #expect(entry.event == nil && entry.priority == .warning && entry.about == [.service: "shop"])
        #expect(self.entry(nil, level: .trace).priority == .debug)
    }

    /// What `Logger.record` says arrives, with the level of its event.
    @Test func record() throws {
        let sink = Sink()
        var log = Logger(label: "test") { _ in sink }
        log.logLevel = .trace
        log.record(.captureRefused, "no", about: [.reason: "pause"])
        let first = sink.events.withLock { $0.first }
        let event = try #require(first)
        #expect(event.level == .warning)
        let entry = JournalLog(logLevel: .info).entry(event)
        #expect(entry.event == .captureRefused && entry.about == [.reason: "pause"])
    }
}

private final class Sink: LogHandler {
    let events = Mutex<[LogEvent]>([])
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { nil }
        set {}
    }
    var metadata: Logger.Metadata {
        get { [:] }
        set {}
    }
    var logLevel: Logger.Level {
        get { .trace }
        set {}
    }
    func log(event: LogEvent) { events.withLock { $0.append(event) } }
}
