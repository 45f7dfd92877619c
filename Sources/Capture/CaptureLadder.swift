public import AgentProtocol
import Linux
import Node
import SnapshotStore
import Units

/// Walks the ladder of captures from the top: copy-on-write, then in place by signal. The record says why a rung was skipped.
public struct CaptureLadder: Sendable {
    private let site: CaptureSite

    public init(site: CaptureSite) { self.site = site }

    /// The agent of the process, or why there is none; and which isolate is wanted.
    public struct Agent: Sendable {
        /// Asked when the capture's lock is held: a `run` that sees it lets go of its agent.
        public var connect: @Sendable () async -> Result<AgentConnection, Refusal>
        /// The connection is somebody's who goes on with it.
        public var staysOpen: Bool
        /// nil: the main one.
        public var isolate: Int?
        /// Copies that are made at most.
        public var attempts: Int

        public init(
            isolate: Int? = nil, attempts: Int, staysOpen: Bool = false, connect: @escaping @Sendable () async -> Result<AgentConnection, Refusal>
        ) {
            self.isolate = isolate
            self.attempts = attempts
            self.staysOpen = staysOpen
            self.connect = connect
        }

        fileprivate func close(_ connection: AgentConnection) async {
            if !staysOpen { await connection.close() }
        }
    }

    /// - Parameters:
    ///   - directory, arrival: for the rung of the signal; see `SignalEngine.capture`.
    /// - Throws: `KernelError` or the store's error, after a record of it where one can be written; what was lent is in the loan book then.
    public func capture(
        _ request: CaptureRequest, agent: Agent, directory: ArtifactDirectory?, arrival: @Sendable () async -> Artifact?,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureOutcome {
        do { return try await climb(request, agent, directory, arrival, report) } catch let error as CancellationError {
            throw error  // the file stays where it is, for the next start
        } catch {
            site.failed(request.record, error)
            throw error
        }
    }

    /// What the rung of the copy would decide now.
    public struct Foreseen: Sendable {
        public var isolates: [AgentIsolate] = []
        /// That its message had no room for.
        public var moreIsolates = 0
        /// With the heap as V8 itself says it; nil where there is no agent.
        public var facts: AdmissionFacts?
        public var decision: Result<CopyAdmission.Plan, Refusal>
    }

    /// Touches nothing: asks the agent for its isolates, and makes no cgroup.
    public func foresee(_ request: CaptureRequest, agent: Agent) async throws -> Foreseen {
        let connection: AgentConnection
        switch await agent.connect() {
        case .success(let open): connection = open
        case .failure(let refusal): return Foreseen(decision: .failure(refusal))
        }
        var foreseen = Foreseen(decision: .failure(Refusal(.noAgent, "the process is gone")))
        if case .isolates(_, let isolates, let more)? = try await connection.ask(.isolates()) {
            (foreseen.isolates, foreseen.moreIsolates) = (isolates, more)
        }
        await agent.close(connection)
        try foresee(request, agent.isolate, &foreseen)
        if let obstacle = CaptureLock.obstacle(in: site.runtimeDirectory) { foreseen.decision = .failure(obstacle) }
        return foreseen
    }

    private func foresee(_ request: CaptureRequest, _ isolate: Int?, _ foreseen: inout Foreseen) throws {
        let engine = CopyOnWriteEngine(site: site, attempts: 1)
        switch engine.choose(isolate, among: foreseen.isolates) {
        case .failure(let refusal): foreseen.decision = .failure(refusal)
        case .success(let isolate):
            var request = request
            if let size = isolate.heap?.totalHeapSize { request.heapBound = ByteCount(size) }
            guard let facts = try site.facts(for: request) else { return }
            foreseen.facts = facts
            let decision = try engine.admit(request, facts, MemoryHierarchy.of(request.process.identity.pid, in: site.table))
            foreseen.decision = decision.map(\.plan)
        }
    }

    private func climb(
        _ request: CaptureRequest, _ agent: Agent, _ directory: ArtifactDirectory?, _ arrival: @Sendable () async -> Artifact?,
        _ report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> CaptureOutcome {
        var (request, outcome) = (request, CaptureOutcome(record: request.record))
        let lock: CaptureLock
        switch try CaptureLock.acquire(in: site.runtimeDirectory, target: request.process.identity.pid) {
        case .success(let acquired): lock = acquired
        case .failure(let refusal): return try site.refused(outcome, refusal)
        }
        defer { withExtendedLifetime(lock) {} }

        let skipped: Refusal
        switch await agent.connect() {
        case .success(let connection):
            if request.exactIDs == .zero { _ = try await connection.ask(.forgetIds(isolate: agent.isolate)) }
            let engine = CopyOnWriteEngine(site: site, attempts: agent.attempts)
            let refusal: Refusal?
            do {
                refusal = try await engine.capture(&request, isolate: agent.isolate, connection: connection, outcome: &outcome, report: report)
            } catch {
                await agent.close(connection)
                throw error
            }
            await agent.close(connection)
            // What the service has grown by meanwhile is its own: nothing was left behind in it.
            guard let refusal else { return outcome }
            skipped = refusal
        case .failure(let refusal): skipped = refusal
        }
        outcome.record.rungs.append(.init(rung: "copyOnWrite", skipped: .init(code: skipped.code.rawValue, message: skipped.message)))
        // A signal reaches the main isolate only, and numbers its objects for itself.
        if agent.isolate != nil || request.keepsIDs || !request.allowsInPlace { return try site.refused(outcome, skipped) }
        return try await SignalEngine(site: site).capture(request, outcome: outcome, directory: directory, arrival: arrival, report: report)
    }
}

extension CaptureSite {
    /// Publishes that it was begun, and what it ended with, where a record can be written.
    func failed(_ record: SnapshotRecord, _ error: any Error) {
        var failed = record
        failed.state = .failed
        failed.detail = [failed.detail, "\(error)"].compactMap(\.self).joined(separator: "; ")
        _ = try? publish(failed)
    }

    /// Publishes that nothing was begun.
    func refused(_ outcome: CaptureOutcome, _ refusal: Refusal) throws -> CaptureOutcome {
        var outcome = outcome
        outcome.refusal = refusal
        outcome.record.state = .refused
        outcome.record.engine = "none"
        outcome.record.refusal = .init(code: refusal.code.rawValue, message: refusal.message)
        outcome.record = try publish(outcome.record)
        return outcome
    }
}
