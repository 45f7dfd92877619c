import AgentProtocol
import Linux
import Node
import SnapshotStore
import Units

/// A copy that the agent makes by itself when V8 comes near its heap limit (contract 22): the usual death of a JavaScript leak in a container leaves a
/// complete snapshot. Node's own `--heapsnapshot-near-heap-limit` is the net below: it fires where no copy could be made or the copy has failed, and is
/// masked while one lives and after it was complete (docs/decisions/0008).
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
        let session = try CopySession(channels) { try site.home(for: $0, of: request()) }
        let answers = try await channels.hand { try await connection.send(.arm(isolate: nil), descriptors: $0).answers }
        for await answer in answers {
            guard case .done = answer else { return nil }
            let listening = Task(executorPreference: site.threads) { await session.listen() }
            return HeapLimitGuard(site: site, session: session, answers: answers, listening: listening)
        }
        return nil
    }

    /// Instead of it: the limit ends the service without a snapshot, Node's own included, until it is armed or the connection ends.
    /// - Returns: whether this agent can.
    public static func mask(on connection: AgentConnection) async throws -> Bool {
        if case .done? = try await connection.ask(.mask) { true } else { false }
    }

    /// Returns when the limit has been met and a copy is there: true; false when it was disarmed or the service has ended.
    public func isMet() async -> Bool {
        for await _ in session.arrival { return true }
        await session.leave(listening)
        return false
    }

    /// Follows the copy to its end. The service may be gone long before.
    /// - Throws: the store's error, after a record of it where one can be written; `CancellationError`.
    public func capture(_ request: CaptureRequest, report: @escaping @Sendable (CaptureProgress) -> Void) async throws -> CaptureOutcome {
        do {
            let outcome = try await follow(request, report)
            await session.leave(listening)
            return outcome
        } catch {
            await session.leave(listening)
            if !(error is CancellationError) { site.failed(request.record, error) }
            throw error
        }
    }

    private func follow(_ request: CaptureRequest, _ report: @escaping @Sendable (CaptureProgress) -> Void) async throws -> CaptureOutcome {
        let began = SystemClock.monotonic()
        var outcome = CaptureOutcome(record: request.record)
        let hierarchy = try? MemoryHierarchy.of(request.process.identity.pid, in: site.table)
        let follower = CopyFollower(site: site, request: request, hierarchy: hierarchy, mayBeFollowed: true)
        let result = try await follower.follow(session, answers, &outcome, report)
        // What `keepHeadroom` has lent since is newer.
        outcome.record.loan = outcome.record.loan ?? session.state.withLock { $0.home.loan }
        switch result {
        case .taken(let copy):
            outcome.record.take(copy, attempt: 1, began: began)
            outcome.record = try site.publish(outcome.record)
            return outcome
        case .failed(let refusal, _): return try site.refused(outcome, refusal)
        }
    }
}

extension CaptureSite {
    /// What is decided in the milliseconds between the copy's first word and its `go`.
    fileprivate func home(for copy: ProcessID?, of request: CaptureRequest) throws -> CopyHome {
        guard let facts = try facts(for: request) else { return CopyHome() }
        let hierarchy = try MemoryHierarchy.of(request.process.identity.pid, in: table)
        let admitted = try CopyOnWriteEngine(site: self, attempts: 1).admit(request, facts, hierarchy).get()
        var outcome = CaptureOutcome(record: request.record)
        if let limit = admitted.plan.raisedLimit, let hierarchy {
            // The copy is made without it, too: at V8's limit the service ends in any case.
            try? lend(limit, for: request, hierarchy: hierarchy, use: facts.use, outcome: &outcome)
        }
        var home = try home(for: copy, of: request.process, admitted.placement)
        home.loan = outcome.record.loan
        return home
    }
}
