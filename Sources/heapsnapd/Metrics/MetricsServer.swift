import Control
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// Answers `GET /metrics` with a page, and everything else with an error: one request a connection, eight connections at once, 10 s each. What a
/// request may be long is NIO's: 80 KB of headers.
final class MetricsServer: Sendable {
    private let socket: ListeningSocket?
    let listener: any Channel

    /// - Throws: `ControlFailure` or `IOError`: the address is taken, or may not be used.
    static func start(on address: MetricsAddress, group: any EventLoopGroup, page: @escaping @Sendable () async -> String) async throws
        -> MetricsServer
    {
        let open = OpenConnections()
        let bootstrap = ServerBootstrap(group: group.next())
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(MetricsConnection(open, page))
                }
            }
        switch address {
        case .loopback(let host, let port):
            return MetricsServer(nil, try await bootstrap.bind(host: host, port: port).get())
        case .unix(let path):
            // Without the group, as for a user's own daemon: its owner reads it.
            let group = geteuid() == 0 ? Permission.ofThisProcess().group : nil
            let socket = try ListeningSocket.bind(path, mode: 0o660, group: group)
            return MetricsServer(socket, try await bootstrap.withBoundSocket(socket.descriptor).get())
        }
    }

    private init(_ socket: ListeningSocket?, _ listener: any Channel) {
        self.socket = socket
        self.listener = listener
    }

    /// Who is being answered has the answer.
    func close() async {
        socket?.removePath()
        try? await listener.close()
    }
}

/// All are on one event loop.
private final class OpenConnections: Sendable {
    static let most = 8
    private let count = Mutex(0)

    func enter() -> Bool {
        count.withLock { count in
            guard count < Self.most else { return false }
            count += 1
            return true
        }
    }
    func leave() { count.withLock { $0 -= 1 } }
}

private final class MetricsConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let patience = TimeAmount.seconds(10)
    private let open: OpenConnections
    private let page: @Sendable () async -> String
    private var isAdmitted = false
    private var request: HTTPRequestHead?

    init(_ open: OpenConnections, _ page: @escaping @Sendable () async -> String) {
        (self.open, self.page) = (open, page)
    }

    func channelActive(context: ChannelHandlerContext) {
        isAdmitted = open.enter()
        guard isAdmitted else { return context.close(promise: nil) }
        let channel = context.channel
        let impatience = context.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in impatience.cancel() }
    }

    func channelInactive(context: ChannelHandlerContext) { if isAdmitted { open.leave() } }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): request = request ?? head
        // A body is nobody's here: the first of it ends the connection.
        case .body: context.close(promise: nil)
        case .end: if let request { answer(request, context) }
        }
    }

    /// What is no HTTP.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard request.uri.prefix(while: { $0 != "?" }) == "/metrics" else { return send("see /metrics\n", .notFound, to: context.channel) }
        guard request.method == .GET else { return send("GET only\n", .methodNotAllowed, to: context.channel) }
        let channel = context.channel, page = page
        Task { send(await page(), .ok, to: channel) }
    }
}

private func send(_ text: String, _ status: HTTPResponseStatus, to channel: any Channel) {
    let body = ByteBuffer(string: text)
    let headers: HTTPHeaders = [
        "Content-Type": "text/plain; version=0.0.4; charset=utf-8", "Content-Length": "\(body.readableBytes)", "Connection": "close",
    ]
    channel.write(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers)), promise: nil)
    channel.write(HTTPServerResponsePart.body(.byteBuffer(body)), promise: nil)
    channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in channel.close(promise: nil) }
}
