import Foundation
import Testing
import Units

@testable import Control

/// What harms nobody: in each a well-behaved client is served beside.
struct HostileClientTests {
    private let watch = #"{"type":"watch","version":1}"# + "\n"

    @Test func garbageIsToldSoAndClosed() async throws {
        try await withServer { server in
            var numbers = SystemRandomNumberGenerator()
            for length in [1, 7, 4_000, 60_000] {
                let client = try #require(try RawClient(server.path))
                client.send((0..<length).map { _ in UInt8.random(in: 11...255, using: &numbers) } + [Line.end])
                #expect(await client.readToEnd()?.contains(#""code":64"#) == true)
            }
            try await expectService(server)
        }
    }

    @Test func aRequestWithoutEndIsCut() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            for _ in 0..<2 { client.send([UInt8](repeating: UInt8(ascii: "x"), count: 33_000)) }
            #expect(await client.readToEnd()?.contains("longer than 65536 bytes") == true)
            try await expectService(server)
        }
    }

    /// Nests deeper than a parser that calls itself can follow.
    @Test func deepJSONIsGarbage() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            client.send(String(repeating: "[", count: 65_000) + "\n")
            #expect(await client.readToEnd()?.contains(#""code":64"#) == true)
            try await expectService(server)
        }
    }

    @Test func aRequestInPiecesIsServed() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            for byte in #"{"type":"reload","version":1}"#.utf8 {
                client.send([byte])
                await Task.yield()
            }
            client.send("\n")
            #expect(await client.readToEnd() == #"{"type":"done"}"# + "\n")
        }
    }

    @Test func theSlowAreClosed() async throws {
        var limits = ControlLimits()
        limits.requestTime = .seconds(2)
        try await withServer(limits) { server in
            let silent = try #require(try RawClient(server.path)), slow = try #require(try RawClient(server.path))
            slow.send(#"{"type":"#)
            try await expectService(server)
            #expect(await silent.isClosed())
            #expect(await slow.isClosed())
        }
    }

    /// Nothing more can come from it.
    @Test func theHalfClosedAreClosed() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            client.send(#"{"type":"#)
            client.closeHalf()
            #expect(await client.readToEnd() == "")
        }
    }

    @Test func whoTalksOnIsClosed() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            client.send(watch)
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.seconds(1)))
            client.send("and another thing\n")
            #expect(await happenings.next() == .unwatched)
            #expect(await client.isClosed())
        }
    }

    /// The tests run as one user: it gets its share, and one more when one goes.
    @Test func oneUserGetsItsShare() async throws {
        try await withServer { server in
            var idle = try (0..<16).map { _ in try #require(try RawClient(server.path)) }
            let another = try #require(try RawClient(server.path))
            #expect(await another.readToEnd()?.contains("has 16 connections already") == true)
            idle.removeLast()
            try await eventually { if case .status? = try? await server.client.ask(.status) { true } else { false } }
            _ = idle
        }
    }

    @Test func thousandsOfConnectionsLeaveNothing() async throws {
        try await withServer { server in
            let before = try descriptors()
            for number in 0..<3_000 {
                // A full queue of the kernel's is an answer, too.
                let client = try RawClient(server.path)
                if number % 3 == 0 { client?.send(watch) }
                if number % 500 == 0 { try await eventually { if case .status? = try? await server.client.ask(.status) { true } else { false } } }
            }
            try await eventually { server.server.connectionCount == 0 }
            // Other tests of this process open some at the same time.
            #expect(try descriptors() < before + 300)
        }
    }

    @Test func eventsThatNobodyReadsAreDropped() async throws {
        var limits = ControlLimits()
        limits.unsentBytes = 16_384
        try await withServer(limits) { server in
            let client = try #require(try RawClient(server.path))
            client.send(watch)
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.seconds(1)))
            for pid in Int32(1)...20_000 { server.daemon.send(sample(pid)) }
            try await eventually { server.daemon.send(sample(0)) }
            try await expectService(server)
            let reading = Task { await client.readToEnd() }
            // Once it reads it is told how many it missed, and gets what comes then.
            try await eventually { server.server.isWritable }
            server.daemon.send(sample(30_000))
            server.daemon.endWatch()
            let lines = try #require(await reading.value).split(separator: "\n").map { try Line.decode(ControlReply.self, from: $0.utf8) }
            #expect(lines.last == .done)
            #expect(lines.dropLast().last == .event(sample(30_000)))
            let missed = lines.reduce(0) { if case .dropped(let count) = $1 { $0 + count } else { $0 } }
            #expect(missed > 10_000, "three megabytes, and the kernel takes 0.2")
        }
    }

    @Test func whoReadsNothingIsClosed() async throws {
        var limits = ControlLimits()
        limits.unsentBytes = 16_384
        limits.unreadTime = .milliseconds(100)
        try await withServer(limits) { server in
            let client = try #require(try RawClient(server.path))
            client.send(watch)
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.seconds(1)))
            for pid in Int32(1)...20_000 { server.daemon.send(sample(pid)) }
            #expect(await happenings.next() == .unwatched)
            #expect(await client.isClosed())
        }
    }

    @Test func aLastAnswerIsNotWaitedForForEver() async throws {
        var limits = ControlLimits()
        limits.unreadTime = .milliseconds(100)
        try await withServer(limits) { server in
            server.daemon.padding.withLock { $0 = 8_000 }
            let client = try #require(try RawClient(server.path))
            client.send(#"{"type":"status","version":1}"# + "\n")
            #expect(await client.isClosed())
            server.daemon.padding.withLock { $0 = 0 }
            try await expectService(server)
        }
    }

    @Test func anAnswerBeyondTheBoundIsAnError() async throws {
        try await withServer { server in
            server.daemon.padding.withLock { $0 = 50_000 }
            let failure = await #expect(throws: ControlFailure.self) { try await server.client.ask(.status) }
            #expect(failure?.message.contains("1048576 are allowed") == true)
        }
    }

    private func expectService(_ server: TestServer) async throws {
        guard case .status? = try await server.client.ask(.status, patience: .seconds(10)) else { return #expect(Bool(false), "not served") }
    }

    private func descriptors() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }

    /// What has no event of its own to wait for; 20 s at most.
    private func eventually(_ condition: () async -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while await !condition() {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

extension ControlServer {
    fileprivate var connectionCount: Int { connections.channels.count }
    fileprivate var isWritable: Bool { connections.channels.allSatisfy(\.isWritable) }
}
