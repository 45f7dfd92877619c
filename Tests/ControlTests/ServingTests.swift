import Foundation
import Synchronization
import Testing
import Units

@testable import Control

struct ServingTests {
    @Test func statusIsAnswered() async throws {
        try await withServer { server in
            guard case .status(let status)? = try await server.client.ask(.status) else { return #expect(Bool(false), "no status") }
            #expect(status.daemon?.version == "0.1.0")
            #expect(status.processes.map(\.service) == ["shop", "pay"])
            #expect(status.watching == 2)
            #expect(status.nextLimit?.pid == ProcessID(4_711))
        }
    }

    @Test func captureTellsItsProgressAndItsRecord() async throws {
        try await withServer { server in
            let stored = StoredSnapshot(path: "/s/x.zst", record: .object(["id": .text("x"), "bytes": .integer(9_007_199_254_740_993)]))
            server.daemon.finishDump(.success(stored))
            var request = DumpRequest(.service("shop"))
            request.reason = "deploy 17"
            request.maxPause = .milliseconds(2_500)
            let heard = Heard()
            let last = try await server.client.ask(.dump(request), heard: heard.add)
            #expect(last == .stored(stored))
            #expect(heard.all == [.progress(DumpProgress("queued")), .progress(DumpProgress("admitted"))])
            let first = await server.daemon.happenings.first { _ in true }
            guard case .dumping(request, let peer)? = first else { return #expect(Bool(false), "\(String(describing: first))") }
            #expect(peer.pid == ProcessID(getpid()))
            #expect(peer.uid == getuid())
            #expect(peer.groups.contains(getgid()))
        }
    }

    @Test func aRefusalComesWithItsCode() async throws {
        try await withServer { server in
            let refusal = ControlFailure(code: 3, "the service would stand still for about 20s", refusal: "pause")
            server.daemon.finishDump(.failure(refusal))
            await #expect(throws: refusal) { try await server.client.ask(.dump(DumpRequest(.process(ProcessID(4_711))))) }
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        try await withServer { server in
            await #expect(throws: ControlFailure(code: 4, "no process 1; heapsnapd status shows what there is")) {
                try await server.client.ask(.dump(DumpRequest(.process(ProcessID(1)))))
            }
            await #expect(throws: ControlFailure(code: 4, "no service x; heapsnapd status shows what there is")) {
                try await server.client.ask(.watch(WatchRequest(.service("x"), interval: .seconds(1))))
            }
        }
    }

    @Test func closingTheConnectionCancelsTheDump() async throws {
        try await withServer { server in
            let asking = Task { try await server.client.ask(.dump(DumpRequest(.process(ProcessID(4_711))))) }
            var happenings = server.daemon.happenings.makeAsyncIterator()
            guard case .dumping? = await happenings.next() else { return #expect(Bool(false)) }
            asking.cancel()
            #expect(await happenings.next() == .cancelled)
            _ = await asking.result
        }
    }

    @Test func eventsAreStreamedUntilTheyEnd() async throws {
        try await withServer { server in
            let heard = Heard()
            async let last = server.client.ask(.watch(WatchRequest(nil, interval: .milliseconds(250))), heard: heard.add)
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.milliseconds(250)))
            for pid in Int32(1)...5 { server.daemon.send(sample(pid)) }
            server.daemon.endWatch()
            let end = try await last
            #expect(end == .done)
            #expect(heard.all == (Int32(1)...5).map { .event(sample($0)) })
        }
    }

    @Test func closingTheConnectionEndsTheWatch() async throws {
        try await withServer { server in
            let watching = Task { try await server.client.ask(.watch(WatchRequest(nil, interval: .seconds(1)))) }
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.seconds(1)))
            watching.cancel()
            #expect(await happenings.next() == .unwatched)
            _ = await watching.result
        }
    }

    @Test func reloadSaysWhatIsWrong() async throws {
        try await withServer { server in
            let reloaded = try await server.client.ask(.reload)
            #expect(reloaded == .done)
            let wrong = ControlFailure(code: 64, "/etc/heapsnapd/heapsnapd.yaml:4:3: unknown key 'store.maxuse'")
            server.daemon.configurationError.withLock { $0 = wrong }
            await #expect(throws: wrong) { try await server.client.ask(.reload) }
        }
    }

    /// `echo '{"type":"status","version":1}' | nc -N -U control.sock`
    @Test func aClientThatClosedItsHalfIsAnswered() async throws {
        try await withServer { server in
            let client = try #require(try RawClient(server.path))
            client.send(#"{"type":"status","version":1}"# + "\n")
            client.closeHalf()
            #expect(await client.readToEnd()?.contains(#""service":"pay""#) == true)
        }
    }

    @Test func withoutADaemonThereIsNoAnswer() async throws {
        var path = ""
        try await withServer { path = $0.path }
        let answer = try await ControlClient(path: path).ask(.status)
        #expect(answer == nil)
    }

    @Test func aDaemonThatSaysNothingIsNotWaitedFor() async throws {
        try await withServer { server in
            // A watch without events is silent.
            let failure = await #expect(throws: ControlFailure.self) {
                try await server.client.ask(.watch(WatchRequest(nil, interval: .seconds(1))), patience: .milliseconds(50))
            }
            #expect(failure?.code == 1)
        }
    }

    @Test func aDaemonThatEndsSaysSo() async throws {
        try await withServer { server in
            let watching = Task { try await server.client.ask(.watch(WatchRequest(nil, interval: .seconds(1)))) }
            var happenings = server.daemon.happenings.makeAsyncIterator()
            #expect(await happenings.next() == .watching(.seconds(1)))
            await server.server.close()
            await #expect(throws: ControlFailure.self) { try await watching.value }
            #expect(access(server.path, F_OK) != 0)
        }
    }
}

/// What a client heard before the last answer.
final class Heard: Sendable {
    private let replies = Mutex<[ControlReply]>([])
    var all: [ControlReply] { replies.withLock { $0 } }
    @Sendable func add(_ reply: ControlReply) { replies.withLock { $0.append(reply) } }
}
