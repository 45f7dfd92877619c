import Capture
import Control
import Glibc
import Linux
import Node
import SnapshotStore
import Synchronization
import Units

/// What the daemon does for those who ask over its socket: status, captures, samples, reload.
struct DaemonControl: ControlHandler {
    let daemon: Daemon

    func process(_ target: ControlTarget) async throws(ControlFailure) -> ControlledProcess? {
        switch target {
        case .process(let pid):
            let table = await daemon.workplace.table
            return try await translating {
                let process = try table.nodeProcess(pid)
                return ControlledProcess(process, service: await daemon.watch(of: process.identity)?.service ?? process.serviceName(), table: table)
            }
        case .service(let name):
            let table = await daemon.workplace.table
            return await daemon.reports().first { $0.service == name }.map { ControlledProcess($0.process, service: name, table: table) }
        }
    }

    func status(for visibility: Visibility) async throws(ControlFailure) -> DaemonStatus {
        let table = await daemon.workplace.table
        let watched = await daemon.reports().map { DaemonStatus.Process($0, owner: ControlledProcess.owner(of: $0.process, table: table)) }
        let unwatched = await daemon.unwatched.values.map { process in
            var status = DaemonStatus.Process(service: process.serviceName(), pid: process.identity.pid, state: .unwatched)
            status.describe(process, owner: ControlledProcess.owner(of: process, table: table))
            return status
        }
        let waiting = await daemon.queue.waiting
        var processes = (watched + unwatched).filter { visibility.includes(owner: $0.owner) }
        for index in processes.indices where waiting.contains(where: { $0.process?.pid == processes[index].pid }) { processes[index].state = .queued }
        // Who is nearest to its limit first.
        processes.sort { one, other in
            let (a, b) = (one.timeToLimit ?? .infinity, other.timeToLimit ?? .infinity)
            return a == b ? (one.service, one.pid.rawValue) < (other.service, other.pid.rawValue) : a < b
        }
        let queue = waiting.filter { entry in processes.contains { $0.pid == entry.process?.pid } }.map {
            DaemonStatus.Queued(service: $0.service, pid: $0.process?.pid ?? ProcessID(0), reason: $0.reason, since: $0.since)
        }
        let since = daemon.since
        return DaemonStatus(
            daemon: .init(pid: ProcessID(getpid()), version: VersionCommand.text, since: since), queue: queue, processes: processes)
    }

    func dump(
        _ request: DumpRequest, of process: ControlledProcess, for peer: Peer, progress: @escaping @Sendable (DumpProgress) -> Void
    ) async throws(ControlFailure) -> StoredSnapshot {
        let workplace = await daemon.workplace
        return try await translating {
            var wish = CaptureWish(reason: "manual", detail: request.reason)
            wish.requestedBy = "user \(userName(peer.uid) ?? "\(peer.uid)")" + (peer.pid.map { ", process \($0)" } ?? "")
            wish.process = process.identity
            wish.isolate = request.isolate
            wish.copies = !request.noCopy
            wish.inPlace = !request.noInPlace
            let capture = workplace.configuration.capture
            wish.admission = Admission(
                maxPause: request.maxPause ?? capture.maxPause, lend: capture.lend && !request.noLend,
                acceptRisk: capture.acceptRisk || request.acceptRisk)
            wish.assumesHandler = request.assumeHeapsnapshotSignal
            wish.exactIDs = request.exactIDs
            let line = ProgressLine(predictedPause: nil, predictedBytes: nil)
            wish.report = { progress(DumpProgress(line.text($0))) }
            progress(DumpProgress("queued"))
            // Who goes while it waits gives it up; from its turn on it goes to its end, whoever reads the answer.
            let hasGone = Atomic(false)
            wish.isWanted = { !hasGone.load(ordering: .relaxed) }
            let task = Task { [wish] in try await daemon.capture(of: process.identity, wish, for: peer.uid) }
            let outcome = try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                hasGone.store(true, ordering: .relaxed)
            }
            if let refusal = outcome.refusal { throw CommandFailure(refusal) }
            return StoredSnapshot(path: workplace.store.snapshotPath(outcome.record), record: try JSONDocument(outcome.record))
        }
    }

    func watch(_ process: ControlledProcess?, interval: Duration, visibility: Visibility) async throws(ControlFailure) -> AsyncStream<WatchEvent> {
        let table = await daemon.workplace.table
        // All are asked for each time, whoever may see how many of them.
        let interval = process == nil && visibility != .all ? max(interval, .seconds(1)) : interval
        return AsyncStream(bufferingPolicy: .bufferingNewest(1_000)) { continuation in
            let sampling = Task {
                while !Task.isCancelled {
                    let reports = await daemon.reports().filter { report in
                        process.map { report.process.identity == $0.identity }
                            ?? visibility.includes(owner: ControlledProcess.owner(of: report.process, table: table))
                    }
                    for report in reports { continuation.yield(.sample(WatchSample(report, at: SystemClock.now()))) }
                    if let process, reports.isEmpty, (try? table.identity(process.identity.pid)) != process.identity { break }
                    try? await Task.sleep(for: interval)
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in sampling.cancel() }
        }
    }

    func reload() async throws(ControlFailure) { try await translating { try await daemon.reload() } }

    /// Our errors in the words of the protocol.
    private func translating<Result: Sendable>(_ body: () async throws -> Result) async throws(ControlFailure) -> Result {
        do { return try await body() } catch let failure as ControlFailure { throw failure } catch {
            let failure = CommandFailure(error)
            throw ControlFailure(code: failure.code.rawValue, failure.message, refusal: failure.refusal)
        }
    }
}

extension ControlledProcess {
    init(_ process: NodeProcess, service: String, table: ProcessTable) {
        self.init(identity: process.identity, service: service, owner: Self.owner(of: process, table: table))
    }

    static func owner(of process: NodeProcess, table: ProcessTable) -> UInt32? {
        guard let uids = (try? table.status(process.identity.pid))??.uids, uids.real == uids.effective, uids.real == uids.saved else { return nil }
        return uids.real
    }
}

extension DaemonStatus.Process {
    init(_ report: ServiceReport, owner: UInt32?) {
        let state: State =
            switch report.state {
            case .watching: .watching
            case .capturing: .capturing
            case .throttled: .throttled
            case .refused: .refused
            }
        self.init(service: report.service, pid: report.process.identity.pid, state: state)
        describe(report.process, owner: owner)
        rss = report.sample?.rss
        if let nearest = report.sample?.nearest {
            use = nearest.level.use
            limit = nearest.level.limit
            limitKind = nearest.kind.rawValue
        }
        trend = report.forecast?.growth
        timeToLimit = report.forecast?.timeToLimit.inSeconds
        lastCapture = report.lastCapture.map { .init(id: $0.id, at: $0.createdAt, state: $0.state.rawValue) }
        agent = report.hasAgent
    }

    mutating func describe(_ process: NodeProcess, owner: UInt32?) {
        self.owner = owner
        unit = process.unit
        node = process.version?.description
    }
}

extension WatchSample {
    init(_ report: ServiceReport, at: Timestamp) {
        self.init(
            pid: report.process.identity.pid, service: report.service, at: at, rss: report.sample?.rss ?? .zero, use: report.sample?.cgroup?.use,
            limit: report.sample?.cgroup?.limit, heap: report.sample?.heap.map { .init(used: $0.use, limit: $0.limit) })
    }
}

extension JSONDocument {
    /// What another room encodes, as it is.
    init(_ value: some Encodable) throws { self = try RecordCodec.decode(JSONDocument.self, from: RecordCodec.encode(value)) }
}
