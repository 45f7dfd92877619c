import Capture
import Glibc
import Linux
import Logging
import MemoryWatch
import NIOCore
import Node
import SnapshotStore
import Supervisor
import Systemd
import Units

/// Watches all Node services of this host: finds them as they come and go, and has each watched by its rules. Holds what the parts share.
actor Daemon {
    /// What belongs together: the processes of a unit or container under one name; elsewhere a process with its workers.
    enum Key: Hashable {
        case cgroup(String, service: String)
        case family(ProcessIdentity)
    }

    struct Resident {
        var host: ResidentService
        var watch: ServiceWatch
        var task: Task<Void, Never>
    }

    /// Beyond, services are left alone, and the log says so: a bound for our own memory.
    private static let capacity = 2_000
    private static let pace = Duration.seconds(10)
    private static let mostAsking = 8
    /// After a cgroup was made: its first process, then the one that this becomes.
    private static let afterArrival: [Duration] = [.milliseconds(400), .seconds(2)]

    private(set) var workplace: Workplace
    let log: Logger
    let loop: WatchLoop
    let queue = CaptureQueue()
    let since = SystemClock.now()
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    private let reopen: @Sendable () throws -> Workplace
    private let readiness: Readiness
    private let hooks: Hooks
    /// One at a time; they do not keep hooks waiting.
    private let analyses: Hooks
    /// Since the start, for the metrics.
    private(set) var counts = CaptureCounts()
    private lazy var metrics = MetricsOutlets(loop: loop, log: log) { [weak self] in await self?.metricsPage() ?? "" }
    private var lastStatus = ""
    private var survey: Survey
    private(set) var residents: [Key: Resident] = [:]
    /// Node processes that no rule is for.
    private(set) var unwatched: [ProcessIdentity: NodeProcess] = [:]
    /// Services that have ended and are being settled.
    private var endings: [Int: (watch: ServiceWatch, task: Task<Void, Never>)] = [:]
    /// For a capture of a process that nobody watches.
    private var visits: [Int: ServiceWatch] = [:]
    /// Captures asked for over the socket, by user.
    private var asking: [UInt32: Int] = [:]
    private struct Name: Hashable {
        var service: String
        /// Anybody may call a service of theirs like another's.
        var uid: UInt32
    }
    /// Of services that have ended, while it counts.
    private var earlier: [Name: EarlierLife] = [:]
    private var numbered = 0
    /// Processes to be taken for new by the next look.
    private var forgotten: Set<ProcessID> = []
    private var timer: Scheduled<Void>?
    private var surveying: Task<Void, Never>?
    /// New processes came since the heap was last given back.
    private var hasGrown = false
    private var isStopping = false

    /// - Parameter reopen: the workplace anew, by the configuration as it is then.
    init(_ workplace: Workplace, reopen: @escaping @Sendable () throws -> Workplace, readiness: Readiness, loop: WatchLoop = .shared, log: Logger) {
        self.workplace = workplace
        self.reopen = reopen
        self.readiness = readiness
        self.loop = loop
        self.log = log
        hooks = Hooks(log: log)
        analyses = Hooks(log: log, atOnce: 1)
        survey = Survey(table: workplace.table)
    }

    /// Until a signal ends it.
    func run(_ signals: AsyncStream<ReceivedSignal>) async {
        let recovery = Task(executorPreference: BlockingWork.threads) { [workplace, log] in await workplace.recover(log: log) }
        let arrivals = [Task { await self.followCgroups() }, Task { await self.followUnits() }]
        await look(at: nil)
        lookLater()
        stayAlive()
        await metrics.apply(workplace.configuration.metrics)
        log.record(.started, "heapsnapd \(VersionCommand.text) watches \(residents.count) services")
        lastStatus = await status()
        readiness.ready(lastStatus)
        for await signal in signals {
            switch signal.signal {
            case SIGHUP: await reloadForSignal()
            case SIGTERM, SIGINT, SIGQUIT: return await stop(arrivals, recovery)
            default: continue
            }
        }
    }

    // MARK: finding

    private func followCgroups() async {
        let tree: CgroupTree
        do {
            guard let root = try CgroupTree.root(in: workplace.table) else { return }
            tree = try CgroupTree(root)
        } catch { return log.info("new services are found within \(Self.pace.text) only: \(error)") }
        for await directories in tree.arrivals {
            for delay in Self.afterArrival { lookLater(in: directories, after: delay) }
        }
    }

    /// A unit that has started may have become Node a moment later than its cgroup came. systemd ends the stream when it executes itself anew.
    private func followUnits() async {
        guard SystemdConnection.libraryObstacle == nil, UnitMemory().isSystemdRunning else { return }
        while !Task.isCancelled {
            do {
                let changes = try await BlockingWork.run { try UnitChange.stream() }
                for await case .jobEnded(let unit, "done") in changes where unit.hasSuffix(".service") {
                    lookLater(in: ["/sys/fs/cgroup/system.slice/\(unit)"], after: Self.afterArrival[0])
                }
            } catch { log.debug("\(error)") }
            try? await Task.sleep(for: Self.pace)
        }
    }

    private func lookLater(in directories: [String], after delay: Duration) {
        _ = loop.wake(after: delay) { self.assumeIsolated { $0.look(in: directories) } }
    }

    private func look(in directories: [String]) {
        Task {
            // cgroup.procs is the same file in both versions.
            let pids = await BlockingWork.run { directories.flatMap { (try? CgroupV2Memory(path: $0).processes()) ?? [] } }
            if directories.isEmpty { await look(at: nil) } else if !pids.isEmpty { await look(at: pids) }
        }
    }

    private func lookLater() {
        guard !isStopping else { return }
        timer = loop.wake(after: Self.pace) { self.assumeIsolated { $0.lookAtAll() } }
    }

    private func lookAtAll() {
        Task {
            await look(at: nil)
            await giveBackTheRest()
            let status = await status()
            if status != lastStatus { readiness.status(status) }
            lastStatus = status
            lookLater()
        }
    }

    /// What was lent to a process that is not watched, or no longer. Whoever still settles a service comes first.
    private func giveBackTheRest() async {
        guard visits.isEmpty, endings.isEmpty, !workplace.site.loans.isEmpty else { return }
        let lookedAfter = Set(residents.values.flatMap { $0.host.processes.map(\.identity) })
        await BlockingWork.run { [site = workplace.site] in
            site.loans.settleOrphans()
            site.loans.settleRest(heldBy: site.holder, lookedAfter: lookedAfter, growth: .mebibytes(64))
        }
    }

    private func lookAgain(at pids: [ProcessID]) { Task { await look(at: pids) } }

    /// One look after the other.
    private func look(at pids: [ProcessID]?) async {
        while let other = surveying { await other.value }
        guard !isStopping else { return }
        let task = Task {
            await self.take(pids)
            // In here: whoever waits for it may run before us, and must find that it is over.
            self.surveying = nil
        }
        surveying = task
        await task.value
    }

    private func take(_ pids: [ProcessID]?) async {
        var found: Survey.Found
        survey.forget(forgotten)
        forgotten = []
        do {
            let (seen, unknown) = try survey.begin(at: pids)
            found = seen
            if !unknown.isEmpty {
                let before = survey
                (survey, found) = await BlockingWork.run {
                    var after = before, read = seen
                    after.read(unknown, &read)
                    return (after, read)
                }
            }
        } catch { return log.warning("cannot look for Node processes: \(error)") }
        if pids == nil { forget(allBut: found.alive) }
        for process in found.new { appeared(process) }
        // Reading a process takes buffers that being watched does not need; a look later they are all free.
        if !found.new.isEmpty {
            hasGrown = true
        } else if pids == nil, hasGrown {
            hasGrown = false
            returnFreeMemory()
        }
        if !found.young.isEmpty {
            _ = loop.wake(after: Survey.youth) { [young = found.young] in self.assumeIsolated { $0.lookAgain(at: young) } }
        }
    }

    private func appeared(_ process: NodeProcess) {
        let subject = Subject(process), key = key(of: process)
        if let resident = residents[key] {
            resident.host.add(process)
            return resident.watch.ring()
        }
        guard process.packageManager == nil, workplace.configuration.rules.contains(where: { $0.filter.matches(subject) }) else {
            unwatched[process.identity] = process
            return
        }
        guard residents.count < Self.capacity else {
            unwatched[process.identity] = process
            return log.warning("process \(process.identity.pid) of \(subject.service) is left alone: \(Self.capacity) services are watched already")
        }
        let host = ResidentService(subject, first: process, table: workplace.table, queue: queue) { [weak self] in await self?.ended(key) }
        let watch = watch(subject, host)
        residents[key] = Resident(host: host, watch: watch, task: Task { await watch.run() })
    }

    private func watch(_ subject: Subject, _ host: ResidentService) -> ServiceWatch {
        let listener = ServiceListener(
            happened: { [weak self] in await self?.happened($0, to: host) },
            run: { [hooks] in await hooks.call($0, of: subject.service, run: host.execute) },
            analyse: { [analyses] in await analyses.call($0, of: subject.service, run: host.execute) })
        return ServiceWatch(
            subject, host: host, workplace: workplace, earlier: earlier[Name(service: subject.service, uid: host.uid)], loop: loop, log: log,
            listener: listener)
    }

    private func happened(_ event: ServiceEvent, to host: ResidentService) async {
        counts.add(event)
        await hooks.call(event, workplace.configuration.hooks, run: host.execute)
    }

    private func key(of process: NodeProcess) -> Key {
        if process.unit ?? process.userUnit ?? process.container != nil, let cgroup = process.cgroup {
            return .cgroup(cgroup, service: process.serviceName())
        }
        return .family(survey.head(of: process))
    }

    private func forget(allBut alive: Set<ProcessIdentity>) {
        unwatched = unwatched.filter { alive.contains($0.key) }
        for (key, resident) in residents where !resident.host.keep(alive) { ended(key) }
    }

    /// Its last process is gone. What it left is settled beside all else.
    private func ended(_ key: Key) {
        guard let resident = residents.removeValue(forKey: key) else { return }
        resident.task.cancel()
        // What lives after all begins anew.
        forgotten.formUnion(resident.host.processes.map(\.identity.pid))
        numbered += 1
        let task = Task { [number = numbered] in
            await remember(resident.watch.life, of: Name(service: resident.host.subject.service, uid: resident.host.uid))
            await resident.watch.ended(nil)
            endings[number] = nil
        }
        endings[numbered] = (resident.watch, task)
    }

    private func remember(_ life: EarlierLife, of name: Name) {
        let now = SystemClock.monotonic(), cooldown = workplace.configuration.limits.cooldown
        earlier[name] = life
        earlier = earlier.filter { $0.value.counts(at: now, cooldown: cooldown) }
        // A bound for our own memory: who is forgotten may be captured once more.
        while earlier.count > Self.capacity { earlier.remove(at: earlier.startIndex) }
    }

    // MARK: for systemd

    /// From the loop itself: a daemon that does not watch is to be started anew.
    private func stayAlive() {
        guard let pace = readiness.pace, !isStopping else { return }
        readiness.alive()
        _ = loop.wake(after: pace) { self.assumeIsolated { $0.stayAlive() } }
    }

    /// `watching 12, next limit in 14min`
    private func status() async -> String {
        let next = await reports().compactMap { $0.forecast?.timeToLimit }.min()
        return "watching \(residents.count)" + (next.map { ", next limit in \($0.text)" } ?? "")
    }

    // MARK: for those who ask

    func reports() async -> [ServiceReport] {
        var reports: [ServiceReport] = []
        for resident in residents.values { if let report = await resident.watch.standing() { reports.append(report) } }
        return reports
    }

    /// Of this instant. Reads the store's records: some milliseconds for hundreds.
    private func metricsPage() async -> String {
        let store = workplace.store
        let bytes = await BlockingWork.run { try? store.records().records.reduce(ByteCount.zero) { $0 + ($1.storedBytes ?? .zero) } }
        return Metrics(
            version: VersionCommand.text, processes: await reports().map { Metrics.Process($0) }, watched: residents.count, counts: counts,
            storeBytes: bytes
        ).text
    }

    func watch(of process: ProcessIdentity) -> ServiceWatch? {
        residents.values.first { $0.host.processes.contains { $0.identity == process } }?.watch
    }

    /// A process that is not watched gets a watch for this one capture.
    /// - Throws: `CommandFailure` where it is not Node, or gone.
    /// - Parameter uid: who asks; of one user so many wait at once.
    func capture(of identity: ProcessIdentity, _ wish: CaptureWish, for uid: UInt32) async throws -> CaptureOutcome {
        guard asking[uid, default: 0] < Self.mostAsking else {
            throw CommandFailure(Refusal(.busy, "\(Self.mostAsking) captures that you have asked for wait already; try again when they are done"))
        }
        asking[uid, default: 0] += 1
        defer { asking[uid] = asking[uid].flatMap { $0 > 1 ? $0 - 1 : nil } }
        if let watch = watch(of: identity) { return try await watch.capture(awaiting: wish) }
        let process = try await BlockingWork.run { [table = workplace.table] in try table.nodeProcess(identity.pid) }
        let host = ResidentService(Subject(process), first: process, table: workplace.table, queue: queue) {}
        let watch = self.watch(Subject(process), host)
        numbered += 1
        let number = numbered
        visits[number] = watch
        await watch.expectFiles(of: process)
        let result: Result<CaptureOutcome, any Error>
        do { result = .success(try await watch.capture(awaiting: wish)) } catch { result = .failure(error) }
        await watch.leave()
        visits[number] = nil
        return try result.get()
    }

    // MARK: the daemon's own life

    /// - Throws: `ConfigurationError`, `StoreError`: the old configuration stays.
    func reload() async throws {
        let open = reopen
        let new = try await BlockingWork.run { try open() }
        workplace = new
        for resident in residents.values { await resident.watch.reload(new) }
        // What no rule was for may have one now, and the other way round.
        for (key, resident) in residents where !new.configuration.rules.contains(where: { $0.filter.matches(resident.host.subject) }) { leave(key) }
        let again = unwatched.values
        unwatched = [:]
        for process in again { appeared(process) }
        await metrics.apply(new.configuration.metrics)
    }

    private func reloadForSignal() async {
        readiness.reloading()
        do {
            try await reload()
            log.record(.reloaded, "configuration read anew; watching \(residents.count) services")
        } catch { log.record(.configurationRefused, "the old configuration stays: \(error)") }
        lastStatus = await status()
        readiness.ready(lastStatus)
    }

    /// Still there, and no longer ours to watch.
    private func leave(_ key: Key) {
        guard let resident = residents.removeValue(forKey: key) else { return }
        resident.task.cancel()
        for process in resident.host.processes { unwatched[process.identity] = process }
        Task { await resident.watch.leave() }
    }

    private func stop(_ arrivals: [Task<Void, Never>], _ recovery: Task<Void, Never>) async {
        isStopping = true
        readiness.stopping(workplace.configuration.capture.grace + .seconds(10))
        timer?.cancel()
        arrivals.forEach { $0.cancel() }
        await withTaskGroup(of: Void.self) { group in
            for resident in residents.values {
                resident.task.cancel()
                group.addTask { await resident.watch.leave() }
            }
            for watch in visits.values { group.addTask { await watch.leave() } }
            for (watch, task) in endings.values {
                group.addTask { [grace = workplace.configuration.capture.grace] in
                    let patience = Task {
                        try await Task.sleep(for: grace)
                        await watch.abandonCaptures()
                    }
                    await task.value
                    patience.cancel()
                }
            }
        }
        (residents, visits, endings) = ([:], [:], [:])
        await giveBackTheRest()
        recovery.cancel()
        await metrics.close()
        log.record(.stopped, "heapsnapd has stopped; services go on unwatched")
    }
}
