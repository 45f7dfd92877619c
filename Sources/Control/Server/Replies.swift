import NIOCore

/// The way back to one client. What it does not read is bounded: events are dropped, a last answer is waited for a while.
struct Replies: Sendable {
    let channel: any Channel
    let limits: ControlLimits

    /// - Returns: whether it was taken: not where the client has not read what came before.
    func offer(_ reply: ControlReply) async -> Bool {
        // Asked twice: an answer that will not be taken need not be made, and only on the loop the question has a certain answer.
        guard !Task.isCancelled, channel.isWritable, let line = try? Line.encode(reply) else { return false }
        let taken = channel.eventLoop.submit {
            guard channel.isWritable else { return false }
            channel.writeAndFlush(channel.allocator.buffer(bytes: line), promise: nil)
            return true
        }
        return (try? await taken.get()) ?? false
    }

    /// Then the connection is closed: as soon as the client's kernel has it all, or it has not read for too long.
    func writeLast(_ reply: ControlReply) {
        let loop = channel.eventLoop
        let late = loop.scheduleTask(in: TimeAmount(limits.unreadTime)) { channel.close(promise: nil) }
        channel.writeAndFlush(channel.allocator.buffer(bytes: line(reply))).whenComplete { _ in
            late.cancel()
            channel.close(promise: nil)
        }
    }

    private func line(_ reply: ControlReply) -> [UInt8] {
        do {
            let line = try Line.encode(reply)
            if line.count <= limits.answerBytes { return line }
            return try Line.encode(
                ControlReply.error(ControlFailure("cannot answer: the answer has \(line.count) bytes, \(limits.answerBytes) are allowed")))
        } catch {
            // A number that JSON does not have (infinity) is a bug of ours; the client shall not wait for us.
            return Array(#"{"error":{"code":1,"message":"cannot answer: the daemon made no JSON"},"type":"error"}"#.utf8) + [Line.end]
        }
    }
}
