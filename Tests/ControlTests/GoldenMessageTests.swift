import Foundation
import Testing
import Units

@testable import Control

/// One sample of each message lies in Tests/Fixtures/control; docs/control-protocol.md points there.
struct GoldenMessageTests {
    private static let shop = ProcessID(4_711)
    private static let at = Timestamp("2026-11-21T07:00:00.250Z") ?? Timestamp(milliseconds: 0)
    private static func id(_ text: String) -> SnapshotID { SnapshotID(text) ?? SnapshotID(at: Timestamp(milliseconds: 0), random: 0) }

    private static let requests: [String: ControlRequest] = [
        "request-status": .status,
        "request-reload": .reload,
        "request-dump": .dump(DumpRequest(.process(shop))),
        "request-dump-service": .dump(
            {
                var request = DumpRequest(.service("shop"))
                request.isolate = 2
                request.noCopy = true
                request.noLend = true
                request.acceptRisk = true
                request.assumeHeapsnapshotSignal = true
                request.maxPause = .milliseconds(2_500)
                request.exactIDs = .seconds(600)
                request.reason = "before deploy 17"
                return request
            }()),
        "request-watch": .watch(WatchRequest(.process(shop), interval: .milliseconds(250))),
        "request-watch-all": .watch(WatchRequest(nil, interval: .seconds(1))),
    ]

    private static let status = DaemonStatus(
        daemon: .init(pid: ProcessID(812), version: "0.1.0", since: Timestamp("2026-11-21T06:00:00.000Z") ?? at),
        queue: [.init(service: "shop", pid: shop, reason: "use", since: at)],
        processes: [
            {
                var row = DaemonStatus.Process(service: "shop", pid: shop, state: .queued)
                row.owner = 1_234
                row.unit = "shop.service"
                row.node = "v24.19.0"
                row.rss = .mebibytes(288)
                row.use = .mebibytes(304)
                row.limit = .mebibytes(512)
                row.limitKind = "cgroup"
                row.trend = .kibibytes(256)
                row.timeToLimit = 840.5
                row.agent = true
                row.lastCapture = .init(
                    id: id("20261121T062837-dfea7328"), at: Timestamp("2026-11-21T06:28:37.000Z") ?? at, state: "complete")
                return row
            }(), DaemonStatus.Process(service: "cron", pid: ProcessID(4_712), state: .unwatched),
        ])

    private static let replies: [String: ControlReply] = [
        "status": .status(status),
        "progress": .progress(DumpProgress("queued behind pay (process 4712)")),
        "stored": .stored(
            StoredSnapshot(
                path: "/var/lib/heapsnapd/20261121T062837-dfea7328.heapsnapshot.zst",
                record: .object([
                    "actual": .object(["pause": .number(0.0124)]), "bytes": .integer(51_484_160), "candidates": .list([]), "detail": .null,
                    "id": .text("20261121T062837-dfea7328"), "state": .text("complete"),
                ]))),
        "done": .done,
        "error": .error(ControlFailure(code: 64, "/etc/heapsnapd/heapsnapd.yaml:4:3: unknown key 'store.maxuse'")),
        "error-refused": .error(ControlFailure(code: 3, "the service would stand still for about 20s", refusal: "pause")),
        "dropped": .dropped(12),
        "sample": .event(
            .sample(
                WatchSample(
                    pid: shop, service: "shop", at: at, rss: .mebibytes(44), use: .mebibytes(40), limit: .mebibytes(512),
                    heap: .init(used: ByteCount(34_973_248), limit: ByteCount(271_581_184), fullCollections: 12, trend: 1.9)))),
        "gc": .event(
            .collection(
                WatchCollection(
                    pid: shop, service: "shop", at: at, isolate: 0, duration: 0.004213, heapUsed: ByteCount(4_801_232),
                    heapLimit: ByteCount(271_581_184), stats: ["num_full_gc": 12, "usage_trend": -0.4]))),
        "leak": .event(
            .leak(
                WatchLeak(
                    pid: shop, at: at, isolate: 0, start: Timestamp("2026-11-21T06:59:49.000Z") ?? at,
                    end: Timestamp("2026-11-21T06:59:59.000Z") ?? at, growth: .mebibytes(18),
                    reason: "heap growth over 5 consecutive GCs (10s) - 6400.00 mb/hr"))),
        "capture": .event(
            .capture(
                WatchCapture(
                    pid: shop, service: "shop", at: at, id: id("20261121T070000-dfea7328"), state: "refused", reason: "use", refusal: "pause"))),
        "process": .event(.process(WatchProcess(pid: shop, service: "shop", at: at, change: "started"))),
    ]

    private func golden(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: packageRoot().appending(path: "Tests/Fixtures/control/\(name).json")))
    }

    @Test func everyFileIsKnown() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: packageRoot().appending(path: "Tests/Fixtures/control").path)
        #expect(Set(files) == Set((Array(Self.requests.keys) + Self.replies.keys).map { $0 + ".json" }))
    }

    @Test(arguments: requests.keys.sorted())
    func request(name: String) throws {
        let request = try #require(Self.requests[name])
        #expect(try Line.decode(ControlRequest.self, from: golden(name)) == request)
        #expect(try Line.decode(JSONDocument.self, from: Line.encode(request)) == Line.decode(JSONDocument.self, from: golden(name)))
    }

    @Test(arguments: replies.keys.sorted())
    func reply(name: String) throws {
        let reply = try #require(Self.replies[name])
        #expect(try Line.decode(ControlReply.self, from: golden(name)) == reply)
        #expect(try Line.decode(JSONDocument.self, from: Line.encode(reply)) == Line.decode(JSONDocument.self, from: golden(name)))
        #expect(try Line.encode(reply).count { $0 == Line.end } == 1)
    }

    @Test func whatALaterDaemonSaysIsPassedOver() throws {
        #expect(try Line.decode(ControlReply.self, from: Array(#"{"type":"weather"}"#.utf8)) == .unknown(type: "weather"))
    }

    @Test(arguments: [
        (#"{"type":"status"}"#, "version is missing"),
        (#"{"type":"status","version":2}"#, "version 2 of the protocol, this daemon speaks 1"),
        (#"{"type":"explode","version":1}"#, "the daemon knows no request 'explode'"),
        (#"{"type":"dump","version":1}"#, "pid or service is missing"),
        (#"{"type":"dump","version":1,"pid":99999999999}"#, "it is not JSON of this protocol"),
        (#"{"type":"dump","version":1,"pid":"4711"}"#, "pid has the wrong type"),
        (#"{"type":"dump","version":1,"pid":1,"reason":"\u001b[2J"}"#, "service and reason are at most 1,024 bytes without control characters"),
        (#"[1]"#, " has the wrong type"), ("\u{0}\u{1}\u{2}", "it is not JSON"), ("", "it is not JSON"), ("\u{FFFD}", "it is not JSON"),
    ])
    func garbage(line: String, reason: String) throws {
        let error = #expect(throws: Line.Malformed.self) { try Line.decode(ControlRequest.self, from: line.utf8) }
        #expect(error?.description.hasPrefix(reason) == true, "\(error?.description ?? "-")")
    }

    /// A pause of a million years, and a watch a nanosecond.
    @Test func extremeNumbersAreClamped() throws {
        let dump = #"{"type":"dump","version":1,"pid":1,"maxPause":1e300}"#
        guard case .dump(let request) = try Line.decode(ControlRequest.self, from: dump.utf8) else { return #expect(Bool(false)) }
        #expect(request.maxPause == Duration(inSeconds: 3.2e9))
        let watch = #"{"type":"watch","version":1,"interval":-5}"#
        #expect(try Line.decode(ControlRequest.self, from: watch.utf8) == .watch(WatchRequest(nil, interval: .milliseconds(100))))
    }
}
