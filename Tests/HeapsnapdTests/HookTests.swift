import Foundation
import Logging
import SnapshotStore
import Supervisor
import Synchronization
import Testing
import Units

@testable import heapsnapd

@Suite struct HookTests {
    private static let record: SnapshotRecord = {
        var record = SnapshotRecord(
            id: SnapshotID("20260102T030405-01234567")!, state: .complete, service: "shop", reason: "use", engine: "copyOnWrite",
            createdAt: Timestamp(milliseconds: 0))
        record.pid = ProcessID(4711)
        record.bytes = ByteCount(1_000)
        record.detail = "86 % of 512 MiB"
        record.actual = .init(pause: Seconds(.microseconds(700)))
        return record
    }()

    // MARK: what they learn

    @Test func variablesOfACapture() {
        let event = ServiceEvent(kind: .capture, record: Self.record, path: "/var/lib/heapsnapd/a.zst")
        #expect(
            event.hookVariables == [
                "HEAPSNAPD_EVENT": "capture", "HEAPSNAPD_SERVICE": "shop", "HEAPSNAPD_PID": "4711", "HEAPSNAPD_SNAPSHOT": "20260102T030405-01234567",
                "HEAPSNAPD_STATE": "complete", "HEAPSNAPD_ENGINE": "copyOnWrite", "HEAPSNAPD_REASON": "use", "HEAPSNAPD_DETAIL": "86 % of 512 MiB",
                "HEAPSNAPD_PATH": "/var/lib/heapsnapd/a.zst", "HEAPSNAPD_BYTES": "1000", "HEAPSNAPD_PAUSE_SECONDS": "0.0007",
            ])
    }

    @Test func variablesOfADeathAndOfARefusal() {
        var record = Self.record
        record.exit = .init(cause: .v8HeapLimit, signal: 6)
        record.refusal = .init(code: "pause", message: "too long\0; rm -rf")
        let variables = ServiceEvent(kind: .death, record: record).hookVariables
        #expect(variables["HEAPSNAPD_EXIT_CAUSE"] == "v8HeapLimit" && variables["HEAPSNAPD_EXIT_SIGNAL"] == "6")
        #expect(variables["HEAPSNAPD_REFUSAL"] == "pause" && variables["HEAPSNAPD_REFUSAL_MESSAGE"] == "too long; rm -rf", "no NUL")
        #expect(variables["HEAPSNAPD_EXIT_STATUS"] == nil && variables["HEAPSNAPD_PATH"] == nil, "what is unknown is left out")
    }

    /// A hook may call heapsnapd, which takes HEAPSNAPD_<SECTION>_… for its configuration.
    @Test func variablesAreNoConfiguration() throws {
        var record = Self.record
        record.refusal = .init(code: "pause", message: "too long")
        record.exit = .init(cause: .exited, status: 1, signal: 2)
        record.rule = "default"
        record.storedBytes = ByteCount(1)
        record.host = .init(hostname: "h", unit: "u")
        let variables = ServiceEvent(kind: .capture, record: record, path: "/p").hookVariables
        #expect(variables.count == 20, "all of them")
        let configuration = try Configuration.load(files: [], environment: variables, overrides: [])
        #expect(configuration.origins.values.allSatisfy { $0 == .builtIn })
    }

    // MARK: how many at once

    @Test func atMostFourRunAndThirtyTwoWait() {
        var queue = HookQueue<Int>(mostRunning: 4)
        var steps = [String: Int]()
        for hook in 0..<40 {
            switch queue.add(hook) {
            case .start: steps["start", default: 0] += 1
            case .wait: steps["wait", default: 0] += 1
            case .drop: steps["drop", default: 0] += 1
            }
        }
        #expect(steps == ["start": 4, "wait": 32, "drop": 4])
        #expect((0..<32).allSatisfy { queue.ended() == $0 + 4 }, "in order")
        #expect(queue.running == 4 && queue.waiting.isEmpty)
        for _ in 0..<4 { #expect(queue.ended() == nil) }
        #expect(queue.running == 0)
    }

    @Test func callsNeitherTwiceNorForNothing() async {
        let called = Mutex<[String]>([])
        let hooks = Hooks(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let configuration = Configuration.Hooks(onCapture: ["a"], onRefusal: ["b", "c"], onDeath: [], timeout: .seconds(1))
        func call(_ kind: ServiceEvent.Kind, code: String? = nil, isRepeated: Bool = false) async {
            var event = ServiceEvent(kind: kind, record: Self.record, isRepeated: isRepeated)
            event.record.refusal = code.map { .init(code: $0, message: "") }
            await hooks.call(event, configuration) { command in
                called.withLock { $0.append(command.command.joined(separator: " ")) }
                return nil
            }
        }
        await call(.capture)
        await call(.refusal, code: "pause")
        await call(.refusal, code: "pause", isRepeated: true)
        await call(.refusal, code: "busy")
        await call(.death)
        await hooks.finish()
        #expect(called.withLock { $0.sorted() } == ["a", "b c"])
    }

    @Test(.timeLimit(.minutes(1))) func whatIsAbandonedIsCancelled() async {
        let hooks = Hooks(log: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, atOnce: 1)
        let (began, beginning) = AsyncStream.makeStream(of: String.self)
        // Ends for who is cancelled.
        let (work, endless) = AsyncStream.makeStream(of: Never.self)
        for name in ["first", "second"] {
            let command = HookCommand(name: "analysis", command: [name], variables: [:], timeout: .seconds(600))
            await hooks.call(command, of: "shop") { command in
                beginning.yield(command.command[0])
                for await _ in work {}
                return nil
            }
        }
        for await name in began {
            #expect(name == "first", "one at a time")
            break
        }
        await hooks.abandon()
        beginning.finish()
        withExtendedLifetime(endless) {}
        for await name in began { Issue.record("\(name) was started") }
    }

    // MARK: as our child

    @Test func aChildThatHangsIsKilled() {
        func failure(_ script: String, within timeout: Duration = .seconds(10)) -> String? {
            HookCommand(name: "capture", command: ["sh", "-c", script], variables: ["HEAPSNAPD_SERVICE": "shop"], timeout: timeout).runAsChild()
        }
        #expect(failure("test $HEAPSNAPD_SERVICE = shop") == nil)
        #expect(failure("exit 7") == "it ended with status 7")
        #expect(failure("sleep 100 & sleep 100", within: .milliseconds(100)) == "it did not end within 100ms, and was killed")
    }
}
