import Foundation
import NIOCore
import NIOPosix
import SnapshotStore
import Testing
import Units

@testable import heapsnapd

@Suite struct MetricsTests {
    private static var metrics: Metrics {
        var counts = CaptureCounts()
        func add(_ kind: ServiceEvent.Kind, _ state: SnapshotRecord.State, engine: String = "none", pause: Duration? = nil, code: String? = nil) {
            var record = SnapshotRecord(
                id: SnapshotID("20260102T030405-01234567")!, state: state, service: "shop", reason: "use", engine: engine,
                createdAt: Timestamp(milliseconds: 0))
            record.actual = .init(pause: pause.map { Seconds($0) })
            record.refusal = code.map { .init(code: $0, message: "") }
            counts.add(ServiceEvent(kind: kind, record: record))
        }
        add(.capture, .complete, engine: "copyOnWrite", pause: .milliseconds(4))
        add(.capture, .complete, engine: "copyOnWrite", pause: .milliseconds(5))
        add(.capture, .truncated, engine: "signal", pause: .seconds(90))
        add(.refusal, .refused, code: "pause")
        add(.death, .noSnapshot)
        return Metrics(
            version: "1.2.3",
            processes: [
                .init(service: "shop", pid: ProcessID(4711), use: .mebibytes(80), limit: .mebibytes(100), timeToLimit: .milliseconds(12_500)),
                .init(service: "a \"b\"\\\nc", pid: ProcessID(12), timeToLimit: .milliseconds(250)),
            ],
            watched: 2, counts: counts, storeBytes: ByteCount(1_234))
    }

    // MARK: text

    private static let golden = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/metrics.prom")

    @Test func page() throws {
        #expect(try Self.metrics.text == String(contentsOf: Self.golden, encoding: .utf8))
    }

    /// Debian's prometheus: `make deps` installs it.
    @Test func promtoolHasNothingToSay() throws {
        let check = Process()
        check.executableURL = URL(filePath: "/usr/bin/promtool")
        check.arguments = ["check", "metrics"]
        check.standardInput = try FileHandle(forReadingFrom: Self.golden)
        let said = Pipe()
        check.standardError = said
        try check.run()
        check.waitUntilExit()
        #expect(check.terminationStatus == 0, "\(String(decoding: said.fileHandleForReading.availableData, as: UTF8.self))")
    }

    /// Three series a process, of the 500 that are nearest to their limit.
    @Test func seriesAreBounded() {
        var metrics = Self.metrics
        metrics.processes = (1...2_000).map { .init(service: "s\($0)", pid: ProcessID($0), use: ByteCount(Int64($0)), limit: ByteCount(2_000)) }
        let lines = metrics.text.split(separator: "\n").filter { $0.hasPrefix("heapsnapd_use_bytes{") }
        #expect(lines.count == 500 && lines.contains { $0.contains(#"service="s2000""#) } && !lines.contains { $0.contains(#"service="s1500""#) })
    }

    @Test func histogramCountsBoundsInclusively() {
        var histogram = Histogram()
        for value in [0, 0.001, 0.0011, 60, 61] { histogram.add(value) }
        #expect(histogram.cumulated.prefix(2) == [2, 3] && histogram.cumulated.last == 4 && histogram.total == 5)
    }

    // MARK: where

    @Test(
        arguments: [
            ("unix:/run/heapsnapd/metrics.sock", MetricsAddress.unix(path: "/run/heapsnapd/metrics.sock")),
            ("127.0.0.1:9300", .loopback(host: "127.0.0.1", port: 9_300)), ("[::1]:1", .loopback(host: "::1", port: 1)), ("0.0.0.0:9300", nil),
            ("127.0.0.1:0", nil), ("127.0.0.1:65536", nil), ("127.0.0.1", nil), ("localhost:80", nil), (":9300", nil), ("unix:relative", nil),
            ("unix:/", nil), ("unix:/\(String(repeating: "a", count: 107))", nil),
        ] as [(String, MetricsAddress?)])
    func onlyThisHost(text: String, address: MetricsAddress?) {
        #expect(MetricsAddress(text) == address)
    }

    @Test func elsewhereIsAConfigurationError() {
        #expect(throws: ConfigurationError.self) { try load("metrics.listen", "0.0.0.0:9300") }
        #expect(throws: ConfigurationError.self) { try load("metrics.textfile", "relative.prom") }
        #expect(throws: ConfigurationError.self) { try load("metrics.textfile", "/var/lib/x.txt") }
        #expect(throws: ConfigurationError.self) { try load("hooks.timeout", "0") }
        #expect(throws: Never.self) { try load("metrics.textfile", "/var/lib/x.prom") }
    }

    private func load(_ key: String, _ value: String) throws {
        _ = try Configuration.load(files: [], environment: [:], overrides: [(key, value)])
    }

    // MARK: served

    @Test func overHTTP() async throws {
        let path = NSTemporaryDirectory() + "heapsnapd-metrics-\(UUID().uuidString.prefix(8)).sock"
        let server = try await MetricsServer.start(on: .unix(path: path), group: MultiThreadedEventLoopGroup.singleton) { "a 1\n" }
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o660)
        let page = try await ask("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", at: path)
        #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n") && page.hasSuffix("\r\n\r\na 1\n") && page.contains("text/plain; version=0.0.4"))
        #expect(try await ask("GET / HTTP/1.1\r\n\r\n", at: path).hasPrefix("HTTP/1.1 404 "))
        #expect(try await ask("DELETE /metrics HTTP/1.1\r\n\r\n", at: path).hasPrefix("HTTP/1.1 405 "))
        #expect(try await ask("garbage\r\n\r\n", at: path).isEmpty)
        #expect(try await ask("GET /\(String(repeating: "a", count: 200_000)) HTTP/1.1\r\n\r\n", at: path).isEmpty)
        #expect(try await ask("GET /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", at: path).isEmpty, "a body")
        await server.close()
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Whoever connects and says nothing keeps one of eight places, and for 10 s.
    @Test func aNinthConnectionIsClosed() async throws {
        let path = NSTemporaryDirectory() + "heapsnapd-metrics-\(UUID().uuidString.prefix(8)).sock"
        let server = try await MetricsServer.start(on: .unix(path: path), group: MultiThreadedEventLoopGroup.singleton) { "a 1\n" }
        var silent: [any Channel] = []
        let client = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        for _ in 0..<8 { silent.append(try await client.connect(unixDomainSocketPath: path).get()) }
        #expect(try await ask("GET /metrics HTTP/1.1\r\n\r\n", at: path).isEmpty)
        for channel in silent { try await channel.close() }
        await server.close()
    }

    /// All that comes until the end of the connection.
    private func ask(_ request: String, at path: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(unixDomainSocketPath: path) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await channel.executeThenClose { incoming, outgoing in
            try? await outgoing.write(ByteBuffer(string: request))
            var answer = ""
            do { for try await bytes in incoming { answer += String(buffer: bytes) } } catch is IOError {}
            return answer
        }
    }
}
