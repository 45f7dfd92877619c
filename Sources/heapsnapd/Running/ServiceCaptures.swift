import Capture
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
        captures.requested = Task {
            await supervisor.captureBegan()
            await takeSnapshot(reason: reason, detail: detail, rule: rule, requestedBy: requestedBy, terminates: terminates)
            captures.requested = nil
            if !captures.isBusy { await supervisor.captureEnded() }
        }
    }

    private func takeSnapshot(reason: String, detail: String?, rule: String?, requestedBy: String?, terminates: Bool) async {
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
        do {
            let outcome = try await SignalEngine(site: workplace.site).capture(
                request, directory: directories[path]?.directory, arrival: { await arrivals.next() }, report: report)
            conclude(outcome)
            // It may have been started again meanwhile.
            let isSame = (try? workplace.table.identity(process.identity.pid)) == process.identity
            if terminates && isSame && outcome.record.state == .complete {
                await supervisor.terminate(reason: "the snapshot \(outcome.record.id) is stored")
            }
        } catch {
            log.error("\(service): cannot capture: \(error)")
            refused(retryAfter: .seconds(30))
        }
    }

    private var report: @Sendable (CaptureProgress) -> Void {
        { [log, service] progress in
            switch progress {
            case .admitted(let facts, _):
                log.info(
                    "\(service): capturing; heap about \(facts.cost?.heap.description ?? "unknown"), predicted stop \(facts.cost?.pause.text ?? "unknown")"
                )
            case .lent(let from, let to): log.notice("\(service): limit raised from \(from) to \(to) for the capture")
            case .signalled, .generating, .writing, .storing: break
            }
        }
    }

    private func conclude(_ outcome: CaptureOutcome) {
        if let refusal = outcome.refusal {
            log.warning("\(service): refused: \(refusal)")
            return refused(retryAfter: .seconds(10))
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

    // MARK: files that appear

    /// Watches a directory for snapshots, once.
    func watch(_ path: String) {
        guard directories[path] == nil else { return }
        do {
            let directory = try ArtifactDirectory(path)
            directories[path] = (
                directory,
                [
                    Task { await directory.run() }, Task { for await artifact in directory.arrivals { await arrived(artifact, in: directory) } },
                ]
            )
        } catch { log.warning("cannot watch \(path): \(error)") }
    }

    private func arrived(_ artifact: Artifact, in directory: ArtifactDirectory) async {
        if let (request, arrivals) = captures.awaited, artifact.isSnapshot(of: request) {
            captures.awaited = nil
            return await arrivals.add(artifact)
        }
        // What comes after the end is found by `collectLeftovers`, and must not be taken twice.
        guard !hasEnded, let target, belongs(artifact, to: target.process) else { return }
        if isCapturedByAnother(target.process) { return }  // `heapsnapd dump` waits for it
        captures.unrequested[artifact.path] = Task {
            await supervisor.captureBegan()
            await collect(artifact, of: target, in: directory)
            captures.unrequested[artifact.path] = nil
            if !captures.isBusy { await supervisor.captureEnded() }
        }
    }

    /// Our own directory holds nothing else; elsewhere the name must say whose it is.
    private func belongs(_ artifact: Artifact, to process: NodeProcess) -> Bool {
        switch artifact.kind {
        case .node(let pid, _, _): pid.rawValue == process.namespacePID
        case .heapdump, .v8OnOOM, .other: artifact.directory.hasPrefix(workplace.store.path) || workplace.configuration.launch.handler == .app
        case .report: false
        }
    }

    private func collect(_ artifact: Artifact, of target: WatchedProcess, in directory: ArtifactDirectory) async {
        let isNodes =
            if case .node = artifact.kind { target.process.flags.nearHeapLimit != nil || workplace.configuration.launch.handler == .node } else {
                false
            }
        var record = workplace.record(
            of: target.process, service: service, reason: isNodes ? "nearHeapLimit" : "appeared",
            detail: isNodes ? "Node began a snapshot near its heap limit" : "\(artifact.name) appeared in \(artifact.directory)")
        record.engine = isNodes ? "nearHeapLimit" : "app"
        record.samples = .init(before: trajectory.recorded)
        let request = workplace.request(record, of: target.process, directory: artifact.directory, signal: 0, growth: growth)
        log.notice("\(service): \(record.detail ?? artifact.name)")
        do {
            let outcome = try await UnrequestedArtifact(site: workplace.site).capture(
                artifact, request: request, directory: directory, heap: isNodes ? target.heapLimit : nil, report: report)
            conclude(outcome)
        } catch { log.error("\(service): cannot collect \(artifact.path): \(error)") }
    }

    // MARK: loans and commands

    /// One step of giving back, also what a `dump` beside us left open.
    /// - Returns: whether something of ours is still lent.
    @discardableResult
    func giveBack(growth: ByteCount) -> Bool {
        let site = workplace.site
        site.loans.settleOrphans(growth: max(growth, .mebibytes(64)))
        guard let open = site.loans.open(heldBy: site.holder) else { return false }
        do {
            if try site.loans.settle(heldBy: site.holder, growth: growth) != nil { return true }
            log.notice("\(service): the limit is back at \(open.limits.first?.old.description ?? "its old value")")
            return false
        } catch {
            log.warning("\(service): cannot give back: \(error)")
            return true
        }
    }

    private func execute(_ command: [String], _ verdict: Verdict) async {
        guard let executable = command.first else { return }
        var environment = plan.environment
        environment["HEAPSNAPD_SERVICE"] = service
        environment["HEAPSNAPD_PID"] = target?.process.identity.pid.description
        environment["HEAPSNAPD_RULE"] = verdict.rule
        environment["HEAPSNAPD_REASON"] = verdict.reason
        let outcome = await supervisor.spawnHelper(
            HelperCommand(executable: executable, arguments: Array(command.dropFirst()), environment: environment, timeout: .seconds(60)))
        if outcome != .ended(.exited(0)) { log.warning("\(service): \(executable): \(outcome)") }
    }
}
