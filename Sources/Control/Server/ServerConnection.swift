import Glibc
import NIOCore

/// One connection, on its event loop: who is it, one line of request, and a task that answers; the end of the connection is the end of the task.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum State {
        case reading(Peer, ByteBuffer)
        case answering(Task<Void, Never>)
        /// Not let in, or told what is wrong with its request.
        case ending
    }

    private let connections: Connections
    private let answering: RequestAnswering
    private var limits: ControlLimits { connections.limits }
    private var state = State.ending
    /// Closes who is too slow: with the request, or with reading the answers.
    private var deadline: Scheduled<Void>?

    init(_ connections: Connections, _ answering: RequestAnswering) {
        self.connections = connections
        self.answering = answering
    }

    func channelActive(context: ChannelHandlerContext) {
        let peer = try? context.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
            // NIO accepts without it, and a process that inherits the connection would keep it open.
            _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
            return Peer.read(socket)
        }
        guard let peer = peer.flatMap(\.self) else { return context.close(promise: nil) }
        if let refusal = connections.admit(context.channel, of: peer.uid) {
            return end(context, ControlFailure("cannot ask the daemon: \(refusal); try again later"))
        }
        state = .reading(peer, context.channel.allocator.buffer(capacity: 256))
        close(context, after: limits.requestTime)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .reading(let peer, var request) = state else {
            // Who has asked has no more to say, and shall not keep us busy with it.
            if case .answering = state { context.close(promise: nil) }
            return
        }
        var bytes = unwrapInboundIn(data)
        // One reference to the buffer, so that it grows in place.
        state = .ending
        let rest = bytes.readableBytesView
        let line = rest.prefix { $0 != Line.end }
        guard request.readableBytes + line.count <= limits.requestBytes else {
            return end(context, ControlFailure(code: 64, "cannot read the request: it is longer than \(limits.requestBytes) bytes"))
        }
        if line.count < rest.count { return answer(Array(request.readableBytesView) + line, of: peer, context) }
        request.writeBuffer(&bytes)
        state = .reading(peer, request)
    }

    private func answer(_ line: [UInt8], of peer: Peer, _ context: ChannelHandlerContext) {
        deadline?.cancel()
        let request: ControlRequest
        do { request = try Line.decode(ControlRequest.self, from: line) } catch {
            return end(context, ControlFailure(code: 64, "cannot read the request: \(error)"))
        }
        let replies = Replies(channel: context.channel, limits: limits)
        state = .answering(Task { [answering] in await answering.answer(request, of: peer, to: replies) })
    }

    private func end(_ context: ChannelHandlerContext, _ failure: ControlFailure) {
        deadline?.cancel()
        Replies(channel: context.channel, limits: limits).writeLast(.error(failure))
    }

    /// A client that closed its half can still read; one without a request has nothing to read.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .reading = state, case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard case .answering = state else { return }
        deadline?.cancel()
        if !context.channel.isWritable { close(context, after: limits.unreadTime) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        connections.remove(context.channel)
        if case .answering(let task) = state { task.cancel() }
        state = .ending
    }

    /// A reset, a broken pipe: the connection is over, and nobody need know.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func close(_ context: ChannelHandlerContext, after time: Duration) {
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(time)) { [channel = context.channel] in channel.close(promise: nil) }
    }
}
