import Capture
import Foundation
import Glibc
import Linux
import MemoryWatch
import Node
import SnapshotStore
import Supervisor
import Units

/// What is being captured of one service: at most one that we asked for, and any number of files that appeared by themselves.
struct CapturesUnderWay {
    var requested: Task<Void, Never>?
    /// Where the file of the requested one is to go; nil: none is awaited, or it has come.
    var awaited: (request: CaptureRequest, arrivals: ArrivalQueue)?
    var unrequested: [String: Task<Void, Never>] = [:]
    /// Files that appeared and are not ours to take yet.
    var unclaimed: [UnclaimedFile] = []
    /// A capture that was given up before its file came: the signal is out, and the next file of that process is the one.
    var owed: SnapshotRecord?

    var isBusy: Bool { requested != nil || !unrequested.isEmpty }
    var tasks: [Task<Void, Never>] { Array(unrequested.values) + (requested.map { [$0] } ?? []) }
}

extension ServiceWatch {
    func act(on verdict: Verdict) async {
        log.notice("\(service): \(verdict.reason)")
        for action in verdict.actions {
            switch action {
            case .capture:
                capture(reason: verdict.trigger.name, detail: verdict.reason, rule: verdict.rule, terminates: verdict.actions.contains(.terminate))
            case .exec(let command): Task { await execute(command, verdict) }
            case .terminate where !verdict.actions.contains(.capture): await supervisor.terminate(reason: verdict.reason)
            case .terminate: break  // after the stored capture
            }
        }
    }

    /// Begins a capture unless one runs.
    func capture(reason: String, detail: String?, rule: String? = nil, requestedBy: String? = nil, terminates: Bool = false) {
        guard !hasEnded else { return }
        guard !captures.isBusy else { return log.notice("\(service): a capture runs already") }
        captures.requested = Task(executorPreference: BlockingWork.threads) {
            await self.takeSnapshot(reason: reason, detail: detail, rule: rule, requestedBy: requestedBy, terminates: terminates)
        }
    }

    private func takeSnapshot(reason: String, detail: String?, rule: String?, requestedBy: String?, terminates: Bool) async {
        await supervisor.captureBegan()
        await attempt(reason: reason, detail: detail, rule: rule, requestedBy: requestedBy, terminates: terminates)
        captures.requested = nil
        if !captures.isBusy { await supervisor.captureEnded() }
    }

    private func attempt(reason: String, detail: String?, rule: String?, requestedBy: String?, terminates: Bool) async {
        guard let (process, candidates) = chooseTarget() else { return log.warning("\(service): no Node process to capture") }
        let watched = target.flatMap { $0.process.identity == process.identity ? $0 : nil }
        var record = workplace.record(of: process, service: service, reason: reason, detail: detail, rule: rule, watched: watched)
        record.requestedBy = requestedBy ?? "heapsnapd run"
        record.candidates = candidates.map { .init($0) }
        record.samples = .init(before: trajectory.recorded)
        let path = process.snapshotDirectory.map { process.hostPath($0, table: workplace.table) } ?? plan.artifactDirectories.first ?? "/"
        let signal = plan.signal.flatMap(Signals.number) ?? Signals.number(workplace.configuration.launch.signal) ?? SIGUSR2
        var request = workplace.request(record, of: process, directory: path, signal: signal, growth: growth)
        if watched != nil { request.heapBound = recentHeapBound }
        let arrivals = ArrivalQueue()
        captures.awaited = (request, arrivals)
        defer { captures.awaited = nil }
        let agent = await agentForCapture(of: process)
        do {
            let outcome = try await CaptureLadder(site: workplace.site).capture(
                request, agent: agent, directory: directories[path]?.directory, arrival: { await arrivals.next() }, report: report)
            remember(outcome, watched: watched)
            conclude(outcome)
            // It may have been started again meanwhile.
            let isSame = (try? workplace.table.identity(process.identity.pid)) == process.identity
            if terminates && isSame && outcome.record.state == .complete {
                await supervisor.terminate(reason: "the snapshot \(outcome.record.id) is stored")
            }
        } catch {
            if error is CancellationError { return log.warning("\(service): the snapshot is left for the next start") }
            log.error("\(service): cannot capture: \(error)")
            refused("failed")
        }
    }

    /// The connection that stays, where there is one; what the launch said, where there can be none.
    private func agentForCapture(of process: NodeProcess) async -> CaptureLadder.Agent {
        let attempts = workplace.configuration.capture.copyAttempts
        if let (connection, of) = agent, of == process.identity, await !connection.isClosed {
            return .init(attempts: attempts, staysOpen: true) { .success(connection) }
        }
        // A link of our own that was lost a moment ago controls it until the agent has noticed.
        let found = workplace.agent(of: process, as: .controller, isolate: nil, patience: .seconds(2))
        guard case .absent(let reason) = plan.agent else { return found }
        return .init(attempts: attempts) {
            await found.connect().mapError { Refusal($0.code, "no copy can be made: \(reason)") }
        }
    }

    /// A stalled capture is not over for the service: its handler runs, or its write goes on, as soon as it can.
    private func remember(_ outcome: CaptureOutcome, watched: WatchedProcess?) {
        guard outcome.record.state == .stalled else { return }
        if let artifact = outcome.leftOpen, let watched {
            let provenance = Provenance(
                engine: outcome.record.engine, reason: outcome.record.reason, detail: "was given up as stalled in snapshot \(outcome.record.id)")
            captures.unclaimed.append(UnclaimedFile(artifact: artifact, owner: watched, provenance: provenance))
        } else if outcome.record.actual?.bytes == nil && outcome.record.bytes == nil {
            captures.owed = outcome.record
        }
    }

    var report: @Sendable (CaptureProgress) -> Void {
        { [log, service] progress in
            switch progress {
            case .admitted(let facts, _):
                log.info(
                    "\(service): capturing; heap about \(facts.cost?.heap.description ?? "unknown"), predicted stop \(facts.cost?.pause.text ?? "unknown")"
                )
            case .lent(let from, let to): log.notice("\(service): limit raised from \(from) to \(to) for the capture")
            case .copied(let pause, _): log.info("\(service): copied, stop \(pause.text); the copy takes the snapshot")
            case .copyFailed(let refusal): log.info("\(service): \(refusal)")
            case .signalled, .copyWorks, .generating, .writing, .storing: break
            }
        }
    }

    func conclude(_ outcome: CaptureOutcome) {
        if let refusal = outcome.refusal {
            log.warning("\(service): refused: \(refusal)")
            return refused(refusal.code.rawValue)
        }
        var record = outcome.record
        captured()
        if let sample = sampleNow() {
            record.samples?.after = [.init(sample, at: SystemClock.now())]
            try? workplace.store.publish(record)
        }
        let size = record.bytes.map { ", \($0)" } ?? ""
        log.notice("\(service): snapshot \(record.id) \(record.state.rawValue)\(size), stop \(record.actual?.pause?.duration.text ?? "unknown")")
    }

    private func execute(_ command: [String], _ verdict: Verdict) async {
        guard let executable = command.first else { return }
        // Not the plan's: what is in NODE_OPTIONS there is for the service alone.
        var environment = ProcessInfo.processInfo.environment
        environment["HEAPSNAPD_SERVICE"] = service
        environment["HEAPSNAPD_PID"] = target?.process.identity.pid.description
        environment["HEAPSNAPD_RULE"] = verdict.rule
        environment["HEAPSNAPD_REASON"] = verdict.reason
        let outcome = await supervisor.spawnHelper(
            HelperCommand(executable: executable, arguments: Array(command.dropFirst()), environment: environment, timeout: .seconds(60)))
        if outcome != .ended(.exited(0)) { log.warning("\(service): \(executable): \(outcome)") }
    }
}
