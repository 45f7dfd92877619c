import Foundation
import NIOPosix
import Testing

@testable import Control

struct ListeningSocketTests {
    @Test func everybodyMayConnect() async throws {
        try await withServer { server in
            var status = stat()
            #expect(stat(server.path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o666)
        }
    }

    @Test func theDirectoryIsMade() throws {
        try inDirectory { directory in
            let socket = try ListeningSocket.bind(directory + "/a/b/control.sock")
            defer { close(socket.descriptor) }
            var status = stat()
            #expect(stat(directory + "/a/b", &status) == 0)
            #expect(status.st_mode & 0o777 == 0o755)
        }
    }

    @Test func aLiveDaemonIsLeftAlone() async throws {
        try await withServer { server in
            let failure = #expect(throws: ControlFailure.self) { try ListeningSocket.bind(server.path) }
            #expect(failure?.message.contains("another heapsnapd daemon runs") == true)
            let answer = try await server.client.ask(.status)
            #expect(answer != nil)
        }
    }

    /// As a daemon leaves it that was killed.
    @Test func aStaleSocketIsReplaced() throws {
        try inDirectory { directory in
            close(try ListeningSocket.bind(directory + "/control.sock").descriptor)
            let socket = try ListeningSocket.bind(directory + "/control.sock")
            defer { close(socket.descriptor) }
            #expect(throws: ControlFailure.self) { try ListeningSocket.bind(directory + "/control.sock") }
        }
    }

    @Test func whatIsNoSocketStays() throws {
        try inDirectory { directory in
            try Data("precious".utf8).write(to: URL(filePath: directory + "/control.sock"))
            // Connecting is refused as at a stale socket.
            #expect(throws: ControlFailure.self) { try ListeningSocket.bind(directory + "/control.sock") }
            #expect(try Data(contentsOf: URL(filePath: directory + "/control.sock")) == Data("precious".utf8))
        }
    }

    @Test func aLongNameIsRefused() throws {
        let failure = #expect(throws: ControlFailure.self) { try ListeningSocket.bind("/tmp/" + String(repeating: "x", count: 108)) }
        #expect(failure?.message.contains("too long") == true)
    }

    /// Socket activation: the path stays systemd's, over the end of the daemon.
    @Test func aSocketThatWasPassedOnIsServed() async throws {
        try await inDirectoryAsync { directory in
            let path = directory + "/control.sock"
            let socket = ListeningSocket(passedOn: try ListeningSocket.bind(path).descriptor)
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let server = try await ControlServer.start(
                on: socket, group: group, permission: Permission(group: nil, daemonUser: 0), handler: FakeDaemon())
            let answer = try await ControlClient(path: path).ask(.status)
            #expect(answer != nil)
            await server.close()
            try await group.shutdownGracefully()
            #expect(access(path, F_OK) == 0)
        }
    }

    private func inDirectory(_ body: (String) throws -> Void) throws {
        let directory = "/tmp/heapsnapd-listen-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    private func inDirectoryAsync(_ body: (String) async throws -> Void) async throws {
        let directory = "/tmp/heapsnapd-listen-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await body(directory)
    }
}
