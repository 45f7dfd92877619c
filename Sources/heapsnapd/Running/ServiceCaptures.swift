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
    /// What is to follow it.
    var next: CaptureWish?
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

/// Why a snapshot is wanted, and what is other than configured.
struct CaptureWish: Sendable {
    var reason: String
    var detail: String?
    var rule: String?
    var requestedBy: String?
    /// SIGTERM after the stored capture.
    var terminates = false
    /// nil: the largest.
    var process: ProcessIdentity?
    var isolate: Int?
    var copies = true
    var inPlace = true
    var admission: Admission?
    var assumesHandler = false
    /// See `CaptureRequest.exactIDs`.
    var exactIDs: Duration?
    /// Asked until its turn has come; then it goes on to its end, whoever reads the answer.
    var isWanted: @Sendable () -> Bool = { true }
    /// Beside the log.
    var report: (@Sendable (CaptureProgress) -> Void)?
}

extension ServiceWatch {
    func act(on verdict: Verdict) async {
        log.notice("\(service): \(verdict.reason)")
        for action in verdict.actions {
            switch action {
            case .capture:
                capture(
                    CaptureWish(
                        reason: verdict.trigger.name, detail: verdict.reason, rule: verdict.rule, terminates: verdict.actions.contains(.terminate)))
            case .exec(let command): Task { await execute(command, verdict) }
            case .terminate where !verdict.actions.contains(.capture): await host.terminate(target?.process.identity, reason: verdict.reason)
            case .terminate: break  // after the stored capture
            }
        }
    }

    /// Begins a capture unless one runs.
    func capture(_ wish: CaptureWish) {
        guard !hasEnded else { return }
        guard !captures.isBusy else { return log.notice("\(service): a capture runs already") }
        captures.requested = Task(executorPreference: BlockingWork.threads) { _ = try? await self.takeSnapshot(wish) }
    }

    /// The same, or after the one that runs: who asked may have seen the record of that one already. Wishes that come meanwhile are one, as pending signals are.
    func captureInTurn(_ wish: CaptureWish) {
        guard captures.isBusy else { return capture(wish) }
        if captures.next == nil { log.notice("\(service): a capture runs; the next follows it") }
        captures.next = wish
    }

    /// After each.
    func captureEnded() async {
        guard !captures.isBusy else { return }
        // First of all: a service that has ended meanwhile is not to wait for one more.
        await host.captureEnded()
        guard !captures.isBusy, !hasEnded, !isAbandoned, stopSignal == nil, let wish = captures.next else { return }
        captures.next = nil
        capture(wish)
    }

    /// The same as `capture`, and waits for it; after the one that runs.
    /// - Throws: what `CaptureLadder` does; `CancellationError` where the service or its watch has ended meanwhile.
    func capture(awaiting wish: CaptureWish) async throws -> CaptureOutcome {
        while let task = captures.tasks.first {
            await task.value
            guard wish.isWanted() else { throw CancellationError() }
        }
        guard !hasEnded else { throw CancellationError() }
        let task = Task(executorPreference: BlockingWork.threads) { try await self.takeSnapshot(wish) }
        captures.requested = Task {
            await withTaskCancellationHandler {
                _ = try? await task.value
            } onCancel: {
                task.cancel()
            }
        }
        return try await task.value
    }

    private func takeSnapshot(_ wish: CaptureWish) async throws -> CaptureOutcome {
        let result = await host.inTurn(forecast?.timeToLimit) { () -> Result<CaptureOutcome, any Error> in
            guard await !self.isLeaving, wish.isWanted() else { return .failure(CancellationError()) }
            await self.host.captureBegan(patience: nil)
            do { return .success(try await self.attempt(wish)) } catch { return .failure(error) }
        }
        captures.requested = nil
        await captureEnded()
        return try result.get()
    }

    private func attempt(_ wish: CaptureWish) async throws -> CaptureOutcome {
        guard let (process, candidates) = await chooseTarget(wish.process) else {
            log.warning("\(service): no Node process to capture")
            throw CommandFailure(.notFound, "no Node process of \(service) to capture; it has ended")
        }
        let watched = target.flatMap { $0.process.identity == process.identity ? $0 : nil }
        var record = workplace.record(of: process, service: service, reason: wish.reason, detail: wish.detail, rule: wish.rule, watched: watched)
        record.requestedBy = wish.requestedBy ?? (host.plan == nil ? "heapsnapd daemon" : "heapsnapd run")
        record.candidates = candidates.map { .init($0) }
        record.samples = .init(before: trajectory.recorded)
        let path = await directory(of: process) ?? host.plan?.artifactDirectories.first ?? "/"
        let signal = host.plan?.signal.flatMap(Signals.number) ?? Signals.number(workplace.configuration.launch.signal) ?? SIGUSR2
        var request = workplace.request(record, of: process, directory: path, signal: signal, growth: growth, assumesHandler: wish.assumesHandler)
        request.exactIDs = wish.exactIDs
        request.allowsInPlace = wish.inPlace
        if let admission = wish.admission { request.admission = admission }
        if watched != nil { request.heapBound = recentHeapBound }
        let arrivals = ArrivalQueue()
        captures.awaited = (request, arrivals)
        defer { captures.awaited = nil }
        let agent = await agentForCapture(of: process, wish)
        let report = { @Sendable [report] (progress: CaptureProgress) in
            report(progress)
            wish.report?(progress)
        }
        do {
            let outcome = try await CaptureLadder(site: workplace.site).capture(
                request, agent: agent, directory: directories[path]?.directory, arrival: { await arrivals.next() }, report: report)
            remember(outcome, watched: watched)
            await conclude(outcome)
            // It may have been started again meanwhile.
            let isSame = (try? workplace.table.identity(process.identity.pid)) == process.identity
            if wish.terminates && isSame && outcome.record.state == .complete {
                await host.terminate(process.identity, reason: "the snapshot \(outcome.record.id) is stored")
            }
            return outcome
        } catch {
            if error is CancellationError {
                log.warning("\(service): the snapshot is left for the next start")
            } else {
                log.record(.captureFailed, "\(service): cannot capture: \(error)", about: about(process))
                refused("failed")
            }
            throw error
        }
    }

    /// The connection that stays, where there is one; what the launch said, where there can be none.
    private func agentForCapture(of process: NodeProcess, _ wish: CaptureWish) async -> CaptureLadder.Agent {
        let attempts = workplace.configuration.capture.copyAttempts
        guard wish.copies else {
            return .init(attempts: 0) { .failure(Refusal(.noAgent, "copies are switched off for this capture")) }
        }
        if let (connection, of) = agent, of == process.identity, await !connection.isClosed {
            return .init(isolate: wish.isolate, attempts: attempts, staysOpen: true) { .success(connection) }
        }
        // Our own link that was lost a moment ago counts as another heapsnapd until the agent has noticed.
        let found = workplace.agent(of: process, as: .controller, isolate: wish.isolate, patience: .seconds(2))
        guard case .absent(let reason)? = host.plan?.agent else { return found }
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
        { [log, service, about = target.map { about($0.process) } ?? [:]] progress in
            switch progress {
            case .admitted(let facts, _):
                log.record(
                    .captureBegan,
                    "\(service): capturing; heap about \(facts.cost?.heap.description ?? "unknown"), predicted stop \(facts.cost?.pause.text ?? "unknown")",
                    about: about)
            case .lent(let from, let to): log.record(.limitLent, "\(service): limit raised from \(from) to \(to) for the capture", about: about)
            case .copied(let pause, _): log.info("\(service): copied, stop \(pause.text); the copy takes the snapshot")
            case .copyFailed(let refusal): log.info("\(service): \(refusal)")
            case .signalled, .copyWorks, .generating, .writing, .storing: break
            }
        }
    }

    func conclude(_ outcome: CaptureOutcome) async {
        nextGiveBack = .zero
        lastCapture = outcome.record
        if let refusal = outcome.refusal {
            log.record(.captureRefused, "\(service): refused: \(refusal)", about: about(outcome.record))
            let isRepeated = wasRefused(for: refusal.code.rawValue)
            refused(refusal.code.rawValue)
            return await listener.happened(ServiceEvent(kind: .refusal, record: outcome.record, isRepeated: isRepeated))
        }
        var record = outcome.record
        captured()
        if let sample = sampleNow() {
            record.samples?.after = [.init(sample, at: SystemClock.now())]
            await BlockingWork.run { [store = workplace.store, record] in _ = try? store.publish(record) }
        }
        let size = record.bytes.map { ", \($0)" } ?? ""
        log.record(
            record.state == .complete ? .captured : .captureFailed,
            "\(service): snapshot \(record.id) \(record.state.rawValue)\(size), stop \(record.actual?.pause?.duration.text ?? "unknown")",
            about: about(record))
        await listener.happened(ServiceEvent(kind: .capture, record: record, path: workplace.store.snapshotPath(record)))
        if record.state == .complete, let command = AnalysisCommand.after(record, workplace) { await listener.analyse(command) }
    }

    private func execute(_ command: [String], _ verdict: Verdict) async {
        guard !command.isEmpty else { return }
        var variables = ["HEAPSNAPD_SERVICE": service, "HEAPSNAPD_RULE": verdict.rule, "HEAPSNAPD_REASON": verdict.reason]
        variables["HEAPSNAPD_PID"] = target?.process.identity.pid.description
        let hook = HookCommand(name: "rule", command: command, variables: variables, timeout: workplace.configuration.hooks.timeout)
        await listener.run(hook)
    }
}
