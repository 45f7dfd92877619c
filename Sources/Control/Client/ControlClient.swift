import Glibc
import NIOCore
import NIOPosix

/// Asks the daemon that listens at a path. A request is a connection of its own, and ends with it: cancelling the task takes back what was asked for.
public struct ControlClient: Sendable {
    private let path: String

    public init(path: String) { self.path = path }

    /// - Parameters:
    ///   - request: what is wanted.
    ///   - patience: for the first answer; nil: as long as it takes.
    ///   - heard: each answer before the last, in order.
    /// - Returns: the last answer: `status`, `stored` or `done`; nil where no daemon listens.
    /// - Throws: what the daemon says against it; with code 1 where the connection cannot be made, or ends without a last answer.
    public func ask(
        _ request: ControlRequest, patience: Duration? = nil, heard: @escaping @Sendable (ControlReply) -> Void = { _ in }
    ) async throws(ControlFailure) -> ControlReply? {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let result: Result<ControlReply?, any Error>
        do { result = .success(try await exchange(request, on: group, patience, heard)) } catch { result = .failure(error) }
        try? await group.shutdownGracefully()
        switch result {
        case .success(let last): return last
        case .failure(let failure as ControlFailure): throw failure
        case .failure(is ChannelError): throw lost
        case .failure(let error as IOError):
            switch error.errnoCode {
            case ENOENT, ECONNREFUSED: return nil
            case EPIPE, ECONNRESET: throw lost
            default: throw ControlFailure("cannot ask the daemon at \(path): \(String(cString: strerror(error.errnoCode)))")
            }
        case .failure(let error): throw ControlFailure("cannot ask the daemon at \(path): \(error)")
        }
    }

    private func exchange(
        _ request: ControlRequest, on group: any EventLoopGroup, _ patience: Duration?, _ heard: @Sendable (ControlReply) -> Void
    ) async throws -> ControlReply {
        let line = ByteBuffer(bytes: try Line.encode(request))
        let connection = try await ClientBootstrap(group: group).connect(unixDomainSocketPath: path) { channel in
            channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
        }
        return try await connection.executeThenClose { answers, requests in
            let impatience = patience.map { patience in
                connection.channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { connection.channel.close(promise: nil) }
            }
            // Who is turned away is told so at once, maybe before this: then there is nobody to write to, and something to read.
            try? await requests.write(line)
            var lines = LineDecoder()
            for try await bytes in answers {
                impatience?.cancel()
                for line in try lines.append(bytes.readableBytesView) {
                    let reply = try decode(line)
                    if case .error(let failure) = reply { throw failure }
                    if reply.isLast { return reply }
                    heard(reply)
                }
            }
            // Ctrl-C, not the daemon's fault.
            try Task.checkCancellation()
            throw lost
        }
    }

    private func decode(_ line: [UInt8]) throws(ControlFailure) -> ControlReply {
        do { return try Line.decode(ControlReply.self, from: line) } catch {
            throw ControlFailure("cannot understand the daemon at \(path): \(error); is it of another version? restart it")
        }
    }

    private var lost: ControlFailure {
        ControlFailure("the daemon at \(path) gave no answer: it ended, or hangs; see journalctl -u heapsnapd")
    }
}

/// Puts lines together from what a stream socket brings in pieces.
struct LineDecoder {
    /// More than any answer has.
    static let mostBytes = 4 << 20
    private var waiting: [UInt8] = []

    /// - Returns: the lines that are whole now, in order and without their ends.
    mutating func append(_ bytes: some Sequence<UInt8>) throws(ControlFailure) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte == Line.end {
                lines.append(waiting)
                waiting.removeAll(keepingCapacity: true)
            } else {
                waiting.append(byte)
            }
        }
        guard waiting.count <= Self.mostBytes else {
            throw ControlFailure("cannot understand the daemon: a line of more than \(Self.mostBytes) bytes; is it of another version? restart it")
        }
        return lines
    }
}
