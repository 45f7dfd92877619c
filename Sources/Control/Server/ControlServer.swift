public import NIOCore
import NIOPosix
import Synchronization

/// Listens for commands, reads one request of each connection, and answers it with what the handler says.
///
/// Clients can be anybody, since the socket is open to all: each is told apart by the kernel, and all are bounded in number, bytes and time
/// (`ControlLimits`). All of them are served on one event loop.
public final class ControlServer: Sendable {
    private let socket: ListeningSocket
    private let listener: any Channel
    let connections: Connections

    /// - Parameter group: its next event loop is used, and stays the caller's to end, after `close`.
    /// - Throws: what NIO says of a descriptor that is no bound socket.
    public static func start(on socket: ListeningSocket, group: any EventLoopGroup, permission: Permission, handler: any ControlHandler) async throws
        -> ControlServer
    {
        try await start(on: socket, group: group, permission: permission, handler: handler, limits: ControlLimits())
    }

    static func start(
        on socket: ListeningSocket, group: any EventLoopGroup, permission: Permission, handler: any ControlHandler, limits: ControlLimits
    ) async throws -> ControlServer {
        let connections = Connections(limits)
        let answering = RequestAnswering(permission: permission, handler: handler)
        let listener = try await ServerBootstrap(group: group.next())
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: limits.unsentBytes / 4, high: limits.unsentBytes))
            .childChannelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 4_096))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(ServerConnection(connections, answering))
                }
            }
            .withBoundSocket(socket.descriptor).get()
        return ControlServer(socket, listener, connections)
    }

    private init(_ socket: ListeningSocket, _ listener: any Channel, _ connections: Connections) {
        self.socket = socket
        self.listener = listener
        self.connections = connections
    }

    /// Nobody is let in any more, and who is there is let go; what they asked for is cancelled.
    public func close() async {
        socket.removePath()
        try? await listener.close()
        for channel in connections.channels { try? await channel.close() }
    }
}

/// Who is connected.
final class Connections: Sendable {
    let limits: ControlLimits
    private let open = Mutex<[ObjectIdentifier: (channel: any Channel, user: UInt32)]>([:])

    init(_ limits: ControlLimits) { self.limits = limits }

    var channels: [any Channel] { open.withLock { $0.values.map(\.channel) } }

    /// - Returns: why it may not come in; nil: it has.
    func admit(_ channel: any Channel, of user: UInt32) -> String? {
        open.withLock { open in
            let refusal = limits.refusal(of: user, others: open.values.map(\.user))
            if refusal == nil { open[ObjectIdentifier(channel)] = (channel, user) }
            return refusal
        }
    }

    func remove(_ channel: any Channel) { open.withLock { _ = $0.removeValue(forKey: ObjectIdentifier(channel)) } }
}
