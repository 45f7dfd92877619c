/// One request: may the peer, what does the handler say, and how does that become answers.
struct RequestAnswering: Sendable {
    let permission: Permission
    let handler: any ControlHandler

    /// Until the last answer is on its way; cancelled when the client is gone.
    func answer(_ request: ControlRequest, of peer: Peer, to replies: Replies) async {
        let last: ControlReply
        do throws(ControlFailure) { last = try await self.last(request, of: peer, to: replies) } catch { last = .error(error) }
        if !Task.isCancelled { replies.writeLast(last) }
    }

    private func last(_ request: ControlRequest, of peer: Peer, to replies: Replies) async throws(ControlFailure) -> ControlReply {
        switch request {
        case .status: return .status(try await handler.status(for: permission.decide(peer, request, ownerOfTarget: nil)))
        case .reload:
            _ = try permission.decide(peer, request, ownerOfTarget: nil)
            try await handler.reload()
            return .done
        case .dump(let dump):
            let process = try await process(dump.target)
            _ = try permission.decide(peer, request, ownerOfTarget: process.owner)
            return .stored(try await capture(dump, of: process, for: peer, replies))
        case .watch(let watch):
            var process: ControlledProcess?
            if let target = watch.target { process = try await self.process(target) }
            let visibility = try permission.decide(peer, request, ownerOfTarget: process?.owner)
            await pass(try await handler.watch(process, interval: watch.interval, visibility: visibility), to: replies)
            return .done
        }
    }

    private func process(_ target: ControlTarget) async throws(ControlFailure) -> ControlledProcess {
        guard let process = try await handler.process(target) else {
            throw ControlFailure(code: 4, "no \(target); heapsnapd status shows what there is")
        }
        return process
    }

    private func capture(_ dump: DumpRequest, of process: ControlledProcess, for peer: Peer, _ replies: Replies) async throws(ControlFailure)
        -> StoredSnapshot
    {
        let (steps, news) = AsyncStream.makeStream(of: DumpProgress.self, bufferingPolicy: .bufferingNewest(16))
        let showing = Task { for await step in steps { _ = await replies.offer(.progress(step)) } }
        let result: Result<StoredSnapshot, ControlFailure>
        do throws(ControlFailure) {
            result = .success(try await handler.dump(dump, of: process, for: peer) { news.yield($0) })
        } catch { result = .failure(error) }
        news.finish()
        await showing.value
        return try result.get()
    }

    private func pass(_ events: AsyncStream<WatchEvent>, to replies: Replies) async {
        var dropped = 0
        for await event in events {
            if dropped > 0, await replies.offer(.dropped(dropped)) { dropped = 0 }
            if dropped == 0, await replies.offer(.event(event)) { continue }
            dropped += 1
        }
    }
}
