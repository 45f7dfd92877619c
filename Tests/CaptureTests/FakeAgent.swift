import AgentProtocol
import Foundation
import Node
import Testing
import Units

@testable import Linux

/// The agent's end of the socket in the process of the tests, which says what it is told to. One at a time: heapsnapd takes the first name it finds.
final class FakeAgent: Sendable {
    let process: NodeProcess
    private let descriptor: Int32

    /// - Parameter listens: false: another process is to listen.
    init(listens: Bool = true) throws {
        let identity = try #require(try ProcessTable().identity(ProcessID(getpid())))
        process = NodeProcess(
            identity: identity, version: nil, flags: NodeFlags(), arguments: CommandLine.arguments, executable: "/usr/bin/node",
            caughtSignals: SignalSet([]))
        let name = "heapsnapd.\(identity.pid).\(identity.startTime)"
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let deadline = ContinuousClock.now + .seconds(10)
        while withUnsafePointer(to: address, { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }) != 0 {
            // A child that another test starts at this moment holds the one before until its exec.
            try #require(errno == EADDRINUSE && ContinuousClock.now < deadline)
            usleep(1_000)
        }
        if listens { try #require(listen(descriptor, 8) == 0) }
    }

    deinit { close(descriptor) }

    /// Has another process listen at this agent's name, as one that was there first.
    func handOver() throws -> SpawnedProcess {
        try spawn(
            SpawnRequest(
                executable: "python3", arguments: ["-c", "import socket, time\nsocket.socket(fileno=0).listen(8)\ntime.sleep(600)"],
                standardInput: .init(rawValue: descriptor)))
    }

    /// The next connection, made within 10 s.
    func accept() async throws -> StreamSocket {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            let raw = Glibc.accept(descriptor, nil, nil)
            if raw >= 0 {
                _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
                return StreamSocket(OwnedDescriptor(.init(rawValue: raw)))
            }
            try #require(ContinuousClock.now < deadline, "nobody connects")
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}

/// A message as it goes over the socket.
func framed(_ text: String) -> [UInt8] { withUnsafeBytes(of: UInt32(text.utf8.count).littleEndian) { Array($0) } + text.utf8 }

extension StreamSocket {
    func say(_ texts: String...) throws { try send(texts.flatMap { framed($0) }) }
}

/// What is asked of a fake agent, as texts, in order. Ends with the connection.
func requests(on socket: StreamSocket) -> AsyncStream<String> {
    AsyncStream { continuation in
        Task {
            var decoder = FrameDecoder()
            for await chunk in socket.received {
                for text in (try? decoder.append(chunk.bytes)) ?? [] { continuation.yield(String(decoding: text, as: UTF8.self)) }
            }
            continuation.finish()
        }
    }
}

/// The element, or nil after `seconds`: a test must be able to fail instead of hanging.
func first<Element: Sendable>(of stream: AsyncStream<Element>, within seconds: Double = 10) async -> Element? {
    await withTaskGroup(of: Element?.self) { group in
        group.addTask { await stream.first { _ in true } }
        group.addTask {
            try? await Task.sleep(for: .seconds(seconds))
            return nil
        }
        let element = await group.next() ?? nil
        group.cancelAll()
        return element
    }
}
