import Capture
import Linux
import Logging
import MemoryWatch
import NIOCore
import Node
import SnapshotStore
import Supervisor
import Synchronization
import Units

/// Watches one run of the service from its start to its end: sample, decide, act, sleep. The decisions are MemoryWatch's and Capture's.
actor ServiceWatch {
    private(set) var workplace: Workplace
    private let subject: Subject
    let service: String
    let host: any ServiceHost
    let log: Logger
    /// Returns at once.
    let listener: ServiceListener
    private let loop: WatchLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    private var rules: [RuleState]
    private var forecaster: Forecaster
    private var polling: PollingInterval
    var trajectory = Trajectory()
    private(set) var target: WatchedProcess?
    /// All Node processes of the service that were seen at the last search, the watched one among them: a cluster's workers.
    private(set) var family: [ProcessIdentity: WatchedProcess] = [:]
    /// Of the cgroup, when a death was told last.
    var oomKillsTold: OOMKills?
    private(set) var lastSample: Sample?
    var lastCapture: SnapshotRecord?
    private var alarms: (alarms: Alarms, reclaimable: ByteCount)?
    private var searches = 0
    private var nextSearch = Duration.zero
    var nextGiveBack = Duration.zero

    var directories: [String: (directory: ArtifactDirectory, tasks: [Task<Void, Never>])] = [:]
    /// Directories that are being opened.
    var opening: Set<String> = []
    var captures = CapturesUnderWay()
    /// The service has ended, and so have its captures.
    var hasEnded = false
    /// Its captures were given up: what lies there is for the next start.
    private(set) var isAbandoned = false
    private(set) var isLeaving = false
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
    var isRefused: Bool { refusals != nil }
    func wasRefused(for code: String) -> Bool { refusals?.code == code }
    var isThrottled: Bool { !rules.isEmpty && rules.allSatisfy { if case .running = $0.status { false } else { true } } }
    private var refusals: (code: String, wait: Duration)?
    /// When a copy at V8's heap limit was begun last, on the monotonic clock.
    var limitMet: Duration?
    /// What we passed on to the service to end it.
    private(set) var stopSignal: Int32?

    private var timer: Scheduled<Void>?
    /// A look goes on; another was asked for meanwhile; there are to be no more.
    private var looking: (isUnderWay: Bool, again: Bool, isOver: Bool) = (false, false, false)

    init(
        _ subject: Subject, host: any ServiceHost, workplace: Workplace, earlier: EarlierLife? = nil, loop: WatchLoop = .shared, log: Logger,
        listener: ServiceListener
    ) {
        self.subject = subject
        service = subject.service
        self.host = host
        self.workplace = workplace
        self.loop = loop
        self.log = log
        self.listener = listener
        rules = workplace.configuration.rules.filter { $0.filter.matches(subject) }.map { earlier?.state(of: $0) ?? RuleState($0) }
        limitMet = earlier?.limitMet
        forecaster = Forecaster(window: workplace.configuration.watch.window)
        polling = PollingInterval(maximum: workplace.configuration.watch.maxInterval)
    }

    /// Until the task is cancelled.
    func run() async {
        for directory in host.plan?.artifactDirectories ?? [] { await watch(directory) }
        lookNow()
        for await _ in AsyncStream<Never>.makeStream().stream {}
        stopLooking()
    }

    private func stopLooking() {
        looking.isOver = true
        timer?.cancel()
        link?.cancel()
        alarms?.alarms.cancel()
    }

    nonisolated func ring() { Task { await lookNow() } }

    var life: EarlierLife { EarlierLife(rules: rules, limitMet: limitMet) }

    /// By another configuration from now on; what the rules have seen so far is forgotten.
    func reload(_ workplace: Workplace) {
        self.workplace = workplace
        rules = workplace.configuration.rules.filter { $0.filter.matches(subject) }.map { RuleState($0) }
        polling = PollingInterval(maximum: workplace.configuration.watch.maxInterval)
        target?.learn(rules: rules.map(\.rule), workplace: workplace)
        alarms?.alarms.cancel()
        alarms = nil
        lookNow()
    }

    /// On the loop's own thread from timer to timer: no task of a stream that another thread would have to resume.
    func lookNow() {
        looking.again = true
        guard !looking.isUnderWay, !looking.isOver else { return }
        looking.isUnderWay = true
        timer?.cancel()
        Task {
            var interval = Duration.zero
            while looking.again && !looking.isOver {
                looking.again = false
                interval = await look()
            }
            looking.isUnderWay = false
            guard !looking.isOver else { return }
            timer = loop.wake(after: interval) { self.assumeIsolated { $0.lookNow() } }
        }
    }

    /// One turn of the loop.
    /// - Returns: how long to sleep.
    private func look() async -> Duration {
        do {
            guard var sample = try target?.sampler.sample(at: SystemClock.monotonic()), let process = target?.process else {
                if !captures.isBusy { await giveBack(at: SystemClock.monotonic()) }
                return try await findTarget()
            }
            if target?.wantsEstimate(sample, isNearTrigger: isNearTrigger(sample)) == true {
                let estimate = try await heapEstimate(of: process)
                guard target?.process.identity == process.identity else { return .zero }
                if let estimate { target?.sampler.estimated(estimate, &sample) }
            }
            guard let target else { return .zero }
            lastSample = sample
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
            if sample.at >= nextSearch, host.mayHaveOthers, try await findLargerTarget(than: sample, at: sample.at) { return .zero }
            await giveBack(at: sample.at)
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

    /// V8 itself knows best; one that is blocked is looked at from outside.
    private func heapEstimate(of process: NodeProcess) async throws -> HeapEstimate? {
        if let heap = await heapTold(of: process) { return HeapEstimate(toldByAgent: heap) }
        return try await BlockingWork.run { [table = workplace.table] in try HeapEstimate.read(process, table: table) }
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
    private func findTarget() async throws -> Duration {
        let gone = target?.process.identity
        let candidates = await search()
        guard let chosen = candidates.first(where: \.chosen), chosen.process.identity != gone else {
            if candidates.isEmpty, gone != nil { await host.isDeserted() }
            searches += 1
            return min(.milliseconds(20 * searches), .seconds(1))
        }
        searches = 0
        if let target { await recordDeath(of: target) }
        await watch(chosen.process)
        return .zero
    }

    /// Workers come and go: of several the largest is watched, but not for a difference that comes and goes with their garbage.
    private func findLargerTarget(than sample: Sample, at now: Duration) async throws -> Bool {
        nextSearch = now + .seconds(5)
        let candidates = await search()
        guard let largest = candidates.first(where: \.chosen), largest.process.identity != target?.process.identity,
            largest.rss > sample.rss * 1.2
        else { return false }
        await watch(largest.process)
        return true
    }

    /// Takes note of who came, and of the death of who went where there is something to tell: that a parent ends its workers is usual.
    private func search() async -> [Candidate] {
        let known = family
        let (candidates, met) = await BlockingWork.run { [host, service, workplace, rules = rules.map(\.rule)] in
            let candidates = await host.candidates()
            let new = candidates.filter { known[$0.process.identity] == nil }.compactMap {
                try? WatchedProcess($0.process, service: service, rules: rules, workplace: workplace)
            }
            return (candidates, new)
        }
        for found in met { family[found.process.identity] = found }
        let present = Set(candidates.map(\.process.identity))
        for (identity, gone) in family where !present.contains(identity) {
            family[identity] = nil
            if identity != target?.process.identity { await recordDeathOfRelative(gone) }
        }
        return candidates
    }

    /// Another Node process of the service than the watched one.
    func relative(namespacePID: Int32) async -> WatchedProcess? {
        func known() -> WatchedProcess? { family.values.first { $0.process.namespacePID == namespacePID } }
        if let known = known() { return known }
        _ = await search()
        return known()
    }

    func expectFiles(of process: NodeProcess) async {
        guard let directory = await directory(of: process) else { return }
        // The store itself is not a service's to name.
        guard host.plan != nil || directory != workplace.store.path && !directory.hasPrefix(workplace.store.path + "/") else { return }
        await watch(directory)
    }

    /// Where its snapshots go, as we can open it.
    func directory(of process: NodeProcess) async -> String? {
        await BlockingWork.run { [table = workplace.table] in process.snapshotDirectory.map { process.hostPath($0, table: table) } }
    }

    private func watch(_ process: NodeProcess) async {
        guard let found = family[process.identity] else { return }
        target = found
        alarms?.alarms.cancel()
        alarms = nil
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
        log.record(
            .watching,
            "watching Node \(version), process \(process.identity.pid); V8's limit \(found.heapLimit?.description ?? "unknown"), the cgroup's \(limit)",
            about: about(process))
        await expectFiles(of: process)
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
        guard workplace.configuration.watch.kernelEvents, let limit = found.sampler.limit else { return }
        let levels = rules.flatMap { $0.rule.triggers }.compactMap { trigger -> ByteCount? in
            if case .use(let share) = trigger { share.of(limit) + reclaimable } else { nil }
        }
        let alarms = Alarms(found.sampler.hierarchy, levels: levels) { [weak self] in self?.ring() }
        self.alarms = (alarms, reclaimable)
        for missing in alarms.missing { log.debug("polling only, without \(missing)") }
    }

    func stopping(by signal: Int32) { stopSignal = signal }

    /// The service goes on, and is no longer ours to watch: what is being captured gets its grace, what waits for its turn does not.
    func leave() async {
        isLeaving = true
        let grace = Task {
            try await Task.sleep(for: workplace.configuration.capture.grace)
            abandonCaptures()
        }
        while let task = captures.tasks.first { await task.value }
        grace.cancel()
        hasEnded = true
        // A watch for one capture never ran.
        stopLooking()
        for (_, tasks) in directories.values { tasks.forEach { $0.cancel() } }
        await unlink()
        await giveBack(growth: growth)
    }

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
        captures.requested == nil && captures.unrequested.isEmpty && workplace.captureUnderWay.value == process.identity.pid
    }

    func captured() {
        capturedByAnother = false
        refusals = nil
        target?.learn(rules: rules.map(\.rule), workplace: workplace)
        guard let sample = sampleNow() else { return }
        trajectory.add(sample, at: SystemClock.now())
        forecaster.restart()
        for index in rules.indices { rules[index].captured(at: sample.at, sample: sample) }
        lookNow()
    }

    /// What was refused is tried again after 10 s; for the same reason again after twice as long each time, up to 5 minutes.
    func refused(_ code: String) {
        let wait = refusals.flatMap { $0.code == code ? min($0.wait * 2, .seconds(300)) : nil } ?? (code == "busy" ? .seconds(1) : .seconds(10))
        refusals = (code, wait)
        let now = SystemClock.monotonic()
        for index in rules.indices { rules[index].refused(at: now, retryAfter: wait) }
        lookNow()
    }

    /// The process that a capture is to be taken of, looked at anew: handlers come up after the start, and of several workers another may be largest.
    /// - Parameter wanted: nil: the one of contract 6.
    func chooseTarget(_ wanted: ProcessIdentity? = nil) async -> (process: NodeProcess, candidates: [Candidate])? {
        let candidates = await BlockingWork.run { [host] in await host.candidates() }
        let chosen = candidates.first { wanted == nil ? $0.chosen : $0.process.identity == wanted }
        return chosen.map { ($0.process, candidates) }
    }

    var recentHeapBound: ByteCount? { sampleNow().flatMap { target?.sampler.recentHeapBound($0) } }
    var growth: ByteCount { forecaster.forecast(.cgroup)?.growth ?? .zero }
    var forecast: Forecast? { forecaster.soonest }
}
