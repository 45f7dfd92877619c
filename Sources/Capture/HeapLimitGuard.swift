import AgentProtocol
import Linux
import Node
import SnapshotStore
import Units

/// A copy that the agent makes by itself when V8 comes near its heap limit (contract 22): the usual death of a JavaScript leak in a container leaves a
/// complete snapshot. Node's own `--heapsnapshot-near-heap-limit` is the net below it: masked while the copy lives and after it was complete
/// (docs/decisions/0008), there again when the copy has failed.
///
/// All is prepared before: near the limit the service waits 50 ms for the copy's first steps, and then goes on to its end.
public struct HeapLimitGuard: Sendable {
    private let site: CaptureSite
    private let session: CopySession
    private let answers: AsyncStream<AgentMessage>
    private let listening: Task<Void, Never>

    /// - Parameters:
    ///   - request: made when the copy is there: with the growth and the cgroup of then.
    /// - Returns: nil where this agent or this Node cannot.
    public static func arm(
        on connection: AgentConnection, site: CaptureSite, request: @escaping @Sendable () -> CaptureRequest
    ) async throws -> HeapLimitGuard? {
        let channels = try CopyChannels()
        let session = CopySession(control: channels.control.ours, output: channels.output.read) {
            try HeapLimitGuard.home(of: request(), site: site)
        }
        let answers = try await channels.hand { try await connection.send(.arm(isolate: nil), descriptors: $0).answers }
        for await answer in answers {
            guard case .done = answer else { return nil }
            return HeapLimitGuard(site: site, session: session, answers: answers, listening: Task { await session.listen() })
        }
        return nil
    }

    /// Returns when the limit has been met and a copy is there: true; false when it was disarmed or the service has ended.
    public func isMet() async -> Bool {
        for await _ in session.arrival { return true }
        session.end()
        session.state.withLock { $0.home }?.remove()
        listening.cancel()
        return false
    }

    /// Follows the copy to its end. The service may be gone long before.
    /// - Throws: the store's error, `CancellationError`.
    public func capture(_ request: CaptureRequest, report: @escaping @Sendable (CaptureProgress) -> Void) async throws -> CaptureOutcome {
        let began = SystemClock.monotonic()
        defer {
            listening.cancel()
            session.state.withLock { $0.home }?.remove()
        }
        var outcome = CaptureOutcome(record: request.record)
        let hierarchy = try? MemoryHierarchy.of(request.process.identity.pid, in: site.table)
        let follower = CopyFollower(site: site, request: request, hierarchy: hierarchy, mayBeFollowed: true)
        switch try await follower.follow(session, answers, &outcome, report) {
        case .taken(let copy):
            let isShared = session.state.withLock { $0.home } == nil
            outcome.record.take(copy, attempt: 1, rung: isShared ? "copyOnWriteShared" : "copyOnWrite", began: began)
            outcome.record = try site.publish(outcome.record)
            return outcome
        case .failed(let refusal, _): return try site.refused(outcome, refusal)
        }
    }

    /// What is decided in the milliseconds between the copy's first word and its `go`.
    private static func home(of request: CaptureRequest, site: CaptureSite) throws -> CaptureCgroup? {
        guard let facts = try site.facts(for: request) else { return nil }
        let hierarchy = try MemoryHierarchy.of(request.process.identity.pid, in: site.table)
        let (home, plan) = try CopyOnWriteEngine(site: site, attempts: 1).prepare(request, facts, hierarchy).get()
        if let limit = plan.raisedLimit, let hierarchy {
            var outcome = CaptureOutcome(record: request.record)
            try? site.lend(limit, for: request, hierarchy: hierarchy, use: facts.use, outcome: &outcome)
        }
        return home
    }
}
