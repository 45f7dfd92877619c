import AgentProtocol
import Glibc
import Linux
import SnapshotStore
import Units

/// Makes one copy and stays with it: places it, reads what it writes, and ends it where it hangs.
struct CopyFollower {
    struct Taken: Sendable {
        var ingested: Ingested
        var fork: AgentFork?
        /// Stop of the service.
        var pause: Duration?
        /// Highest use of the service's cgroup.
        var peak: ByteCount
        var copyPeak: ByteCount?
        /// Its own, so that `copyPeak` is its alone; nil: it stayed in the service's.
        var cgroup: CaptureCgroup?
        var rewritten: ByteCount?
        /// Processor time of the copy.
        var work: Duration?
    }

    enum Result {
        case taken(Taken)
        case failed(Refusal, isWorthARetry: Bool)
    }

    let site: CaptureSite
    let request: CaptureRequest
    let hierarchy: MemoryHierarchy?
    /// Near V8's limit a second copy may take the place of one that ends at once: the end of the bytes is the end, not that of a process.
    var mayBeFollowed = false

    private static let interval = Duration.milliseconds(100)
    /// Contract 19, and what the agent itself needs to say that it is over.
    private static let patience = (isolate: 2.0, agent: Duration.seconds(5))
    /// After the end of its bytes: exit, and the agent's word of it.
    private static let farewell = Duration.seconds(2)
    /// A niced copy on a busy host takes minutes.
    private static let longest = Duration.seconds(1_800)

    /// - Parameter placement: nil: the copy stays in the service's cgroup.
    func copy(
        isolate: Int, placement: CopyPlacement?, connection: AgentConnection, outcome: inout CaptureOutcome,
        report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> Result {
        let session: CopySession
        let answers: AsyncStream<AgentMessage>
        do {
            let channels = try CopyChannels()
            session = try CopySession(channels) { [site, request] copy in try site.home(for: copy, of: request.process, placement) }
            answers = try await channels.hand {
                try await connection.send(.capture(isolate: isolate, timeout: Self.patience.isolate, exactIds: request.secondsOfIDs), descriptors: $0)
                    .answers
            }
        } catch { return .failed(Refusal(.noAgent, "the agent cannot be reached: \(error)"), isWorthARetry: false) }

        switch await fork(answers, connection) {
        case .failure(let refusal): return .failed(refusal, isWorthARetry: refusal.code == .copyFailed)
        case .success(let fork):
            session.state.withLock { $0.fork = fork }
            report(.copied(pause: Duration(inSeconds: fork.pause), exactIDsUntil: fork.exactIds?.end))
            let listening = Task(executorPreference: site.threads) { await session.listen() }
            do {
                let result = try await follow(session, answers, &outcome, report)
                await session.leave(listening)
                return result
            } catch {
                await session.leave(listening)
                throw error
            }
        }
    }

    /// From its first word to its end; `session.listen` runs beside it.
    func follow(
        _ session: CopySession, _ answers: AsyncStream<AgentMessage>, _ outcome: inout CaptureOutcome,
        _ report: @escaping @Sendable (CaptureProgress) -> Void
    ) async throws -> Result {
        let (site, id) = (site, outcome.record.id)
        let ending = Task { await session.follow(answers) }
        defer { ending.cancel() }
        async let ingest = session.ingest(into: site, id: id)
        let killsBefore = oomKills
        let watched = await watch(session, &outcome, report)
        session.end()
        session.notePeak()
        session.stopReading()
        let ingested = try await ingest
        if Task.isCancelled, session.state.withLock({ !$0.isDone }) {
            try? site.store.discard(ingested)
            throw CancellationError()
        }
        let state = session.state.withLock { $0 }
        let isOOMKilled = watched.hung == nil && watched.excess == nil && isOOMKilled(state, killsBefore: killsBefore)
        if isOOMKilled && state.home.cgroup == nil { outcome.record.oomKilledCopies = (outcome.record.oomKilledCopies ?? 0) + 1 }
        return judge(state, ingested, watched, isOOMKilled: isOOMKilled)
    }

    /// Those that the service's own cgroup counts; nil where it doesn't, or is gone.
    private var oomKills: UInt64? { (try? hierarchy?.leaf.events()?.oomKill).flatMap(\.self) }

    /// The service may be killed beside it: there the agent's word of the copy is wanted, too.
    private func isOOMKilled(_ state: CopyState, killsBefore: UInt64?) -> Bool {
        if let cgroup = state.home.cgroup { return cgroup.hasKilled }
        guard let killsBefore, let kills = oomKills else { return false }
        return state.end?.signal == SIGKILL && kills > killsBefore
    }

    private func judge(_ state: CopyState, _ ingested: Ingested, _ watched: Watched, isOOMKilled: Bool) -> Result {
        if case .complete = ingested.verdict {
            return .taken(
                Taken(
                    ingested: ingested, fork: state.fork, pause: state.fork.map { Duration(inSeconds: $0.pause) }, peak: watched.peak,
                    copyPeak: state.peak ?? resident(state.end), cgroup: state.home.cgroup,
                    rewritten: state.end?.minorFaults.map { ByteCount(clamping: $0) * 4_096.0 },
                    work: state.end?.childProcessorTime.map { Duration(inSeconds: $0) }))
        }
        try? site.store.discard(ingested)
        if let refusal = state.refusal { return .failed(refusal, isWorthARetry: false) }
        let (reason, isWorthARetry) = failure(state, watched, isOOMKilled: isOOMKilled)
        return .failed(Refusal(.copyFailed, "the copy took no snapshot: \(reason)"), isWorthARetry: isWorthARetry)
    }

    private func resident(_ end: AgentEnd?) -> ByteCount? { end?.childPeakResident.map { ByteCount(clamping: $0) } }

    private func failure(_ state: CopyState, _ watched: Watched, isOOMKilled: Bool) -> (reason: String, isWorthARetry: Bool) {
        if isOOMKilled { return ("the kernel killed it for the limit of \(state.home.cgroup == nil ? "the service's" : "its own") cgroup", false) }
        if let excess = watched.excess { return ("it \(excess), and was killed", false) }
        if let hung = watched.hung { return ("it neither worked nor wrote for \(hung.text), and was killed", true) }
        guard let end = state.end else { return ("the service ended while it was at work", false) }
        // SIGIO is its end where its control socket was closed, which was done here.
        if let signal = end.signal { return ("it was ended by \(Signals.name(signal))", signal != SIGKILL && signal != SIGIO) }
        guard let exit = end.exitCode.flatMap({ CopyExit(rawValue: $0) }) else { return ("it exited with \(end.exitCode ?? -1)", true) }
        return (exit.reason, exit.isWorthARetry)
    }

    /// The agent's first answer. It tells itself when the isolate cannot be reached; where it says nothing at all it is given up.
    private func fork(_ answers: AsyncStream<AgentMessage>, _ connection: AgentConnection) async -> Swift.Result<AgentFork, Refusal> {
        let timer = Task {
            try await Task.sleep(for: Self.patience.agent + request.numbering(of: request.heapBound ?? .zero) * 3)
            await connection.close()
        }
        defer { timer.cancel() }
        for await answer in answers {
            switch answer {
            case .forked(_, let fork): return .success(fork)
            case .failed(_, let code, let message): return .failure(Refusal(Refusal.Code(agent: code), "no copy was made: \(message)"))
            default: continue
            }
        }
        return .failure(Refusal(.noAgent, "the agent went away before a copy was made"))
    }

    // MARK: while it lives

    struct Watched {
        var peak = ByteCount.zero
        /// It was killed, because for so long nothing of it moved.
        var hung: Duration?
        /// It was killed for what no copy does.
        var excess: String?
    }

    /// Until its bytes have ended and its end is known, or it was ended here. A copy hangs when neither its processor time nor its bytes advance (a lock that a
    /// thread of the service held at the fork).
    private func watch(
        _ session: CopySession, _ outcome: inout CaptureOutcome, _ report: (CaptureProgress) -> Void
    ) async -> Watched {
        var watched = Watched()
        let began = SystemClock.monotonic()
        var last = (cpu: Duration.zero, bytes: ByteCount.zero, at: began)
        let most = mostBytes
        var handle: ProcessHandle?
        while true {
            let state = session.state.withLock { $0 }
            let now = SystemClock.monotonic()
            session.notePeak()
            if let use = hierarchy.flatMap({ try? workingSet($0.leaf) }) {
                watched.peak = max(watched.peak, use)
                if let hierarchy { try? site.keepHeadroom(for: request, hierarchy: hierarchy, use: use, outcome: &outcome) }
            }
            if let pid = state.pid, handle?.identity.pid != pid {
                handle = try? ProcessHandle(pid, table: site.table)
                last.cpu = .zero
            }
            if state.isDone || state.isRead || state.refusal != nil || state.end != nil || !mayBeFollowed && handle?.hasExited == true
                || Task.isCancelled
            {
                await settle(session)
                return watched
            }
            report(state.bytes > .zero ? .writing(state.bytes) : .copyWorks(phase: state.phase, done: state.step.done, total: state.step.total))
            let cpu = state.pid.flatMap { try? site.table.mainThreadCPUTime($0) } ?? .zero
            if cpu - last.cpu >= .milliseconds(20) || state.bytes > last.bytes { last = (cpu, state.bytes, now) }
            if now - last.at >= request.stallTimeout { watched.hung = now - last.at }
            if state.bytes > most { watched.excess = "wrote more than \(most)" }
            if now - began >= Self.longest { watched.excess = "worked for \(Self.longest.text)" }
            if watched.hung != nil || watched.excess != nil {
                _ = try? handle?.signal(SIGKILL)
                await settle(session)
                return watched
            }
            try? await Task.sleep(for: Self.interval)
        }
    }

    /// What may call itself a copy is the service's own code: it holds the host's only capture, and fills the store. A snapshot is at most some ten times the heap
    /// (decision 0002), and the heap at most what is resident.
    private var mostBytes: ByteCount {
        ((try? site.table.statm(request.process.identity.pid))??.rss ?? request.heapBound ?? .gibibytes(1)) * 30.0 + .mebibytes(256)
    }

    /// A moment for the agent's word of the end, which carries the figures.
    private func settle(_ session: CopySession) async {
        let deadline = SystemClock.monotonic() + Self.farewell
        while session.state.withLock({ $0.end == nil }), SystemClock.monotonic() < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension Refusal.Code {
    /// - Parameter agent: the code of its `failed` (docs/agent-protocol.md).
    fileprivate init(agent code: String) {
        self =
            switch code {
            case "notInterruptible": .notInterruptible
            case "forkFailed": .forkFailed
            case "noSuchIsolate": .noSuchIsolate
            // Worth another try.
            case "busy": .copyFailed
            default: .noAgent
            }
    }
}
