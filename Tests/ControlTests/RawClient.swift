import Foundation
import Testing

@testable import Control

/// A client that says whatever a test wants. It waits on threads of its own: Swift's are Dispatch's, and as many as there are processors.
final class RawClient: Sendable {
    private let descriptor: Int32

    /// nil: refused by the kernel, its queue is full.
    init?(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        try #require(descriptor >= 0)
        var address = try #require(sockaddr_un(path: path))
        // deinit closes it then, too.
        guard address.with({ connect(descriptor, $0, $1) }) == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// As much as the kernel takes.
    @discardableResult
    func send(_ text: String) -> Int { send(Array(text.utf8)) }

    @discardableResult
    func send(_ bytes: [UInt8]) -> Int { Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    /// No more will come from here; answers can be read.
    func closeHalf() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Until the server closes, or 20 s.
    /// - Returns: nil: it did not close.
    func readToEnd() async -> String? {
        await onThread { [descriptor] in
            var all: [UInt8] = []
            var room = [UInt8](repeating: 0, count: 65_536)
            while true {
                var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
                guard poll(&ready, 1, 20_000) > 0 else { return nil }
                let count = recv(descriptor, &room, room.count, 0)
                if count <= 0 { return String(decoding: all, as: UTF8.self) }
                all += room[..<count]
            }
        }
    }

    /// Until the server has closed or reset the connection, without reading what it sent; false after 20 s.
    func isClosed() async -> Bool {
        await onThread { [descriptor] in
            var ready = pollfd(fd: descriptor, events: 0, revents: 0)
            return poll(&ready, 1, 20_000) > 0
        }
    }

    private func onThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in Thread.detachNewThread { continuation.resume(returning: body()) } }
    }
}
