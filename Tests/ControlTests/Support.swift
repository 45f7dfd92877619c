import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Units

@testable import Control

/// The root of the package: Tests/ControlTests/Support.swift is three steps below it.
func packageRoot(path: String = #filePath) -> URL {
    URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// A server at a path of its own, with a handler that the test plays.
final class TestServer: Sendable {
    let directory: String
    let daemon = FakeDaemon()
    let server: ControlServer
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    var path: String { directory + "/control.sock" }
    var client: ControlClient { ControlClient(path: path) }

    init(_ limits: ControlLimits = ControlLimits(), group member: UInt32? = nil) async throws {
        var template = Array("/tmp/heapsnapd-control-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        chmod(directory, 0o755)
        server = try await ControlServer.start(
            on: ListeningSocket.bind(directory + "/control.sock"), group: group, permission: Permission(group: member, daemonUser: 0),
            handler: daemon, limits: limits)
    }

    func end() async throws {
        await server.close()
        try await group.shutdownGracefully()
        try FileManager.default.removeItem(atPath: directory)
    }
}

/// Runs a test's body beside a server that ends with it.
func withServer(_ limits: ControlLimits = ControlLimits(), group: UInt32? = nil, _ body: (TestServer) async throws -> Void) async throws {
    let server = try await TestServer(limits, group: group)
    let result: Result<Void, any Error>
    do { result = .success(try await body(server)) } catch { result = .failure(error) }
    try await server.end()
    try result.get()
}

/// What a daemon would say: two processes, one of user 1234.
final class FakeDaemon: ControlHandler {
    enum Happening: Sendable, Equatable { case dumping(DumpRequest, Peer), cancelled, watching(Duration), unwatched }

    static let mine = ControlledProcess(identity: identity(4_711), service: "shop", owner: 1_234)
    static let roots = ControlledProcess(identity: identity(4_712), service: "pay", owner: 0)

    /// More than any test sends: it is the server that has to bound what is not read.
    private static let roomForEvents = 1_000_000

    /// What the server asked for, as it happens.
    let happenings: AsyncStream<Happening>
    private let happened: AsyncStream<Happening>.Continuation
    private let dumpEnds: AsyncStream<Result<StoredSnapshot, ControlFailure>>
    private let endDump: AsyncStream<Result<StoredSnapshot, ControlFailure>>.Continuation
    private let watcher = Mutex<AsyncStream<WatchEvent>.Continuation?>(nil)
    /// So many processes more, to make a long answer.
    let padding = Mutex(0)
    let configurationError = Mutex<ControlFailure?>(nil)

    init() {
        (happenings, happened) = AsyncStream.makeStream()
        (dumpEnds, endDump) = AsyncStream.makeStream()
    }

    static func identity(_ pid: Int32) -> ProcessIdentity { ProcessIdentity(pid: ProcessID(pid), startTime: 7, bootID: "b") }

    func finishDump(_ result: Result<StoredSnapshot, ControlFailure>) { endDump.yield(result) }

    /// - Returns: whether the server had taken all before it.
    @discardableResult
    func send(_ event: WatchEvent) -> Bool {
        guard case .enqueued(let room)? = watcher.withLock({ $0?.yield(event) }) else { return false }
        return room >= Self.roomForEvents - 1
    }

    func endWatch() { watcher.withLock { $0?.finish() } }

    func process(_ target: ControlTarget) async throws(ControlFailure) -> ControlledProcess? {
        [Self.mine, Self.roots].first { target == .process($0.identity.pid) || target == .service($0.service) }
    }

    func status(for visibility: Visibility) async throws(ControlFailure) -> DaemonStatus {
        let rows = [Self.mine, Self.roots].filter { visibility.includes(owner: $0.owner) }.map { process in
            var row = DaemonStatus.Process(service: process.service, pid: process.identity.pid, state: .watching)
            row.owner = process.owner
            row.timeToLimit = Double(process.identity.pid.rawValue)
            return row
        }
        let more = (0..<padding.withLock { $0 }).map { DaemonStatus.Process(service: "s", pid: ProcessID(Int32($0)), state: .unwatched) }
        let daemon = DaemonStatus.Daemon(pid: ProcessID(getpid()), version: "0.1.0", since: Timestamp(milliseconds: 0))
        return DaemonStatus(daemon: daemon, queue: [], processes: rows + more)
    }

    func dump(_ request: DumpRequest, of process: ControlledProcess, for peer: Peer, progress: @escaping @Sendable (DumpProgress) -> Void)
        async throws(ControlFailure) -> StoredSnapshot
    {
        happened.yield(.dumping(request, peer))
        progress(DumpProgress("queued"))
        progress(DumpProgress("admitted"))
        for await end in dumpEnds { return try end.get() }
        happened.yield(.cancelled)
        throw ControlFailure("cancelled")
    }

    func watch(_ process: ControlledProcess?, interval: Duration, visibility: Visibility) async throws(ControlFailure) -> AsyncStream<WatchEvent> {
        let (events, continuation) = AsyncStream.makeStream(of: WatchEvent.self, bufferingPolicy: .bufferingNewest(Self.roomForEvents))
        continuation.onTermination = { [happened] reason in if case .cancelled = reason { happened.yield(.unwatched) } }
        watcher.withLock { $0 = continuation }
        happened.yield(.watching(interval))
        return events
    }

    func reload() async throws(ControlFailure) { if let failure = configurationError.withLock({ $0 }) { throw failure } }
}

func sample(_ pid: Int32, service: String = "shop") -> WatchEvent {
    .sample(WatchSample(pid: ProcessID(pid), service: service, at: Timestamp(milliseconds: 1_000), rss: .mebibytes(44), use: .mebibytes(40)))
}
