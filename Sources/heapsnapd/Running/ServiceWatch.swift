import Capture
import Linux
import Logging
import MemoryWatch
import Node
import SnapshotStore
import Supervisor
import Synchronization
import Units

/// Watches one run of the service from its start to its end: sample, decide, act, sleep. The decisions are MemoryWatch's and Capture's.
actor ServiceWatch {
    let workplace: Workplace
    let service: String
    let plan: LaunchPlan
    let supervisor: Supervisor
    let log: Logger
    private let command: ProcessID
    private let search: TargetSearch

    private var rules: [RuleState]
    private var forecaster: Forecaster
    private var polling: PollingInterval
    var trajectory = Trajectory()
    private(set) var target: WatchedProcess?
    /// All Node processes of the service that were seen at the last search, the watched one among them: a cluster's workers.
    private var family: [ProcessIdentity: WatchedProcess] = [:]
    /// Of the cgroup, when a death was told last.
    var oomKillsTold: OOMKills?
    private var alarms: (alarms: Alarms, reclaimable: ByteCount)?
    private var searches = 0
    private var nextSearch = Duration.zero
    private var nextGiveBack = Duration.zero

    var directories: [String: (directory: ArtifactDirectory, tasks: [Task<Void, Never>])] = [:]
    var captures = CapturesUnderWay()
    /// The service has ended, and so have its captures.
    var hasEnded = false
    /// Its captures were given up: what lies there is for the next start.
    private(set) var isAbandoned = false
    /// To the agent of the watched process, while nobody else wants it.
    var agent: (connection: AgentConnection, of: ProcessIdentity)?
    private var link: Task<Void, Never>?
    /// What the agent said since the last look: the heap has grown over five full collections.
    var reportedLeak: String?
    private var capturedByAnother = false
    /// Copies near V8's heap limit that have failed (`copyFailed`), one after the other.
    var failedLimitCopies = 0
    /// Of the cgroup's use in a second, for whoever decides beside us.
    nonisolated let growthNow = Mutex(ByteCount.zero)
    private var refusals: (code: String, wait: Duration)?
    /// What we passed on to the service to end it.
    private(set) var stopSignal: Int32?

    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(
        command: ProcessID, service: String, plan: LaunchPlan, workplace: Workplace, supervisor: Supervisor, selection: ProcessSelection, log: Logger
    ) {
        self.command = command
        self.service = service
        self.plan = plan
        self.workplace = workplace
        self.supervisor = supervisor
        self.log = log
        search = TargetSearch(table: workplace.table, selection: selection, plan: plan)
        rules = workplace.configuration.rules.filter { $0.filter.matches(service) }.map { RuleState($0) }
        forecaster = Forecaster(window: workplace.configuration.watch.window)
        polling = PollingInterval(maximum: workplace.configuration.watch.maxInterval)
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Until the task is cancelled.
    func run() async {
        for directory in plan.artifactDirectories { watch(directory) }
        wake.yield()
        var timer: Task<Void, Never>?
        for await _ in wakeUps {
            let interval = await look()
            timer?.cancel()
            timer = Task { [wake] in
                try? await Task.sleep(for: interval)
                if !Task.isCancelled { wake.yield() }
            }
        }
        timer?.cancel()
        link?.cancel()
        alarms?.alarms.cancel()
    }

    func lookNow() { wake.yield() }

    /// One turn of the loop.
    /// - Returns: how long to sleep.
    private func look() async -> Duration {
        do {
            guard var sample = try target?.sampler.sample(at: SystemClock.monotonic()), let process = target?.process else {
                if !captures.isBusy { giveBack(at: SystemClock.monotonic()) }
                return try findTarget()
            }
            if target?.wantsEstimate(sample, isNearTrigger: isNearTrigger(sample)) == true {
                let estimate = try await heapEstimate(of: process)
                guard target?.process.identity == process.identity else { return .zero }
                if let estimate { target?.sampler.estimated(estimate, &sample) }
            }
            guard let target else { return .zero }
            trajectory.add(sample, at: SystemClock.now())
            armAlarms(target)
            guard !captures.isBusy else { return .milliseconds(250) }
            if isCapturedByAnother(target.process) {
                capturedByAnother = true
                await unlink()
                return .milliseconds(250)
            }
            if capturedByAnother { captured() }
            takeUpUnclaimed()
            if sample.at >= nextSearch, try findLargerTarget(than: sample, at: sample.at) { return .zero }
            giveBack(at: sample.at)
            forecaster.add(sample)
            let growth = growth
            growthNow.withLock { $0 = growth }
            for verdict in verdicts(on: sample) { await act(on: verdict) }
            return sleep(after: sample)
        } catch {
            log.warning("cannot read the memory of \(service): \(error)")
            return .seconds(1)
        }
    }

    private func giveBack(at now: Duration) {
        guard now >= nextGiveBack else { return }
        giveBack(growth: growth)
        nextGiveBack = now + .seconds(1)
    }

    /// V8 itself knows best; one that is blocked is looked at from outside.
    private func heapEstimate(of process: NodeProcess) async throws -> HeapEstimate? {
        if let heap = await heapTold(of: process) { return HeapEstimate(toldByAgent: heap) }
        return try HeapEstimate.read(process, table: workplace.table)
    }

    private func verdicts(on sample: Sample) -> [Verdict] {
        let forecast = { [forecaster] (kind: LimitKind) in forecaster.forecast(kind) }
        // A copy outside neither stops the service nor needs memory below its limit: there is no such moment.
        let safeMoment =
            agent != nil && target?.copiesLiveOutside == true
            ? nil : target?.safeMoment(sample, cgroup: forecast(.cgroup), heap: forecast(.heap), workplace: workplace)
        defer { reportedLeak = nil }
        return rules.indices.compactMap { rules[$0].evaluate(sample, forecast: forecast, safeMoment: safeMoment, leak: reportedLeak) }
    }

    /// Whether at the present growth one fires within half a second.
    private func isNearTrigger(_ sample: Sample) -> Bool {
        guard let growth = forecaster.soonest?.growth, let distance = distance(sample) else { return false }
        return distance <= growth * 0.5
    }

    private func distance(_ sample: Sample) -> ByteCount? { rules.compactMap { $0.distance(sample, forecast: forecaster.soonest) }.min() }

    private func sleep(after sample: Sample) -> Duration {
        let distance = distance(sample)
        return polling.next(at: sample.at, use: sample.cgroup?.use ?? sample.rss, distance: distance)
    }

    /// The last one stays known when it is gone: for the record of its death.
    /// - Returns: how long to wait before the next search where there is no Node process yet.
    private func findTarget() throws -> Duration {
        let candidates = search.candidates(below: command)
        meet(candidates)
        guard let chosen = candidates.first(where: \.chosen), chosen.process.identity != target?.process.identity else {
            searches += 1
            return min(.milliseconds(20 * searches), .seconds(1))
        }
        searches = 0
        if let target { recordDeath(of: target) }
        try watch(chosen.process)
        return .zero
    }

    /// Workers come and go: of several the largest is watched, but not for a difference that comes and goes with their garbage.
    private func findLargerTarget(than sample: Sample, at now: Duration) throws -> Bool {
        nextSearch = now + .seconds(5)
        let candidates = search.candidates(below: command)
        meet(candidates)
        guard let largest = candidates.first(where: \.chosen), largest.process.identity != target?.process.identity,
            largest.rss > sample.rss * 1.2
        else { return false }
        try watch(largest.process)
        return true
    }

    /// Takes note of who came, and of the death of who went where there is something to tell: that a parent ends its workers is usual.
    private func meet(_ candidates: [Candidate]) {
        let present = Set(candidates.map(\.process.identity))
        for (identity, gone) in family where !present.contains(identity) {
            family[identity] = nil
            if identity != target?.process.identity { recordDeathOfRelative(gone) }
        }
        for candidate in candidates where family[candidate.process.identity] == nil {
            family[candidate.process.identity] = try? known(candidate.process)
        }
    }

    /// Another Node process of the service than the watched one.
    func relative(namespacePID: Int32) -> WatchedProcess? {
        let ofThatNumber = { (process: WatchedProcess) in process.process.namespacePID == namespacePID }
        if let known = family.values.first(where: ofThatNumber) { return known }
        // One that came since the last search may be gone before the next, and its death is to be told.
        meet(search.candidates(below: command))
        return family.values.first(where: ofThatNumber)
    }

    private func known(_ process: NodeProcess) throws -> WatchedProcess {
        try WatchedProcess(process, service: service, rules: rules.map(\.rule), workplace: workplace)
    }

    private func watch(_ process: NodeProcess) throws {
        let found = try family[process.identity] ?? known(process)
        target = found
        alarms?.alarms.cancel()
        alarms = nil
        if let directory = process.snapshotDirectory.map({ process.hostPath($0, table: workplace.table) }) { watch(directory) }
        link?.cancel()
        if let old = agent {
            agent = nil
            Task { await old.connection.close() }
        }
        link = Task(executorPreference: BlockingWork.threads) { await self.keepLinked(to: process) }
        forecaster.restart()
        for index in rules.indices { rules[index].restarted() }
        let version = process.version?.description ?? "of unknown version"
        let limit = (try? found.sampler.hierarchy?.effectiveLimit()?.limit)?.description ?? "none"
        log.info(
            "watching Node \(version), process \(process.identity.pid); V8's limit \(found.heapLimit?.description ?? "unknown"), the cgroup's \(limit)"
        )
    }

    /// The kernel's thresholds count page cache, ours do not: they are set above by what can be reclaimed, and anew when that has changed.
    private func armAlarms(_ found: WatchedProcess) {
        let reclaimable = found.sampler.reclaimable ?? .zero
        if let alarms {
            // v2's alarms know no level.
            let moved = max(alarms.reclaimable, reclaimable) - min(alarms.reclaimable, reclaimable)
            if found.sampler.hierarchy?.leaf.version == .v2 || moved < .mebibytes(1) { return }
        }
        alarms?.alarms.cancel()
        guard workplace.configuration.watch.kernelEvents, let limit = try? found.sampler.hierarchy?.effectiveLimit()?.limit else { return }
        let levels = rules.flatMap { $0.rule.triggers }.compactMap { trigger -> ByteCount? in
            if case .use(let share) = trigger { share.of(limit) + reclaimable } else { nil }
        }
        let alarms = Alarms(found.sampler.hierarchy, levels: levels) { [wake] in wake.yield() }
        self.alarms = (alarms, reclaimable)
        for missing in alarms.missing { log.debug("polling only, without \(missing)") }
    }

    func stopping(by signal: Int32) { stopSignal = signal }

    func abandonCaptures() {
        isAbandoned = true
        captures.tasks.forEach { $0.cancel() }
    }

    /// As V8 itself says it (contract 9).
    func heapLimitIsKnown(_ limit: ByteCount, of process: NodeProcess) {
        guard target?.process.identity == process.identity else { return }
        target?.heapLimitIsKnown(limit, rules: rules.map(\.rule), workplace: workplace)
    }

    // MARK: what captures tell the rules

    func sampleNow() -> Sample? { (try? target?.sampler.sample(at: SystemClock.monotonic())).flatMap(\.self) }

    /// `heapsnapd dump` beside us: what it needs is no leak.
    func isCapturedByAnother(_ process: NodeProcess) -> Bool {
        captures.requested == nil && captures.unrequested.isEmpty && CaptureLock.target(in: workplace.site.runtimeDirectory) == process.identity.pid
    }

    func captured() {
        capturedByAnother = false
        refusals = nil
        target?.learn(rules: rules.map(\.rule), workplace: workplace)
        guard let sample = sampleNow() else { return }
        trajectory.add(sample, at: SystemClock.now())
        forecaster.restart()
        for index in rules.indices { rules[index].captured(at: sample.at, sample: sample) }
        wake.yield()
    }

    /// What was refused is tried again after 10 s; for the same reason again after twice as long each time, up to 5 minutes.
    func refused(_ code: String) {
        let wait = refusals.flatMap { $0.code == code ? min($0.wait * 2, .seconds(300)) : nil } ?? (code == "busy" ? .seconds(1) : .seconds(10))
        refusals = (code, wait)
        let now = SystemClock.monotonic()
        for index in rules.indices { rules[index].refused(at: now, retryAfter: wait) }
        wake.yield()
    }

    /// The process that a capture is to be taken of, looked at anew: handlers come up after the start, and of several workers another may be largest.
    func chooseTarget() -> (process: NodeProcess, candidates: [Candidate])? {
        let candidates = search.candidates(below: command)
        return candidates.first(where: \.chosen).map { ($0.process, candidates) }
    }

    var recentHeapBound: ByteCount? { sampleNow().flatMap { target?.sampler.recentHeapBound($0) } }
    var growth: ByteCount { forecaster.forecast(.cgroup)?.growth ?? .zero }
    var forecast: Forecast? { forecaster.soonest }
}
