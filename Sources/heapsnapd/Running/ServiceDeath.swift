import Capture
import Linux
import Node
import SnapshotStore
import Supervisor
import Systemd
import Units

extension ServiceWatch {
    /// After the service's end: lets captures finish, collects what lies there, gives back, and leaves a record of the death.
    /// - Parameter exit: nil: its status is not ours to know (contract 28).
    func ended(_ exit: ServiceExit?) async {
        while let task = captures.tasks.first { await task.value }
        hasEnded = true
        if !isAbandoned { await collectLeftovers() }
        for (_, tasks) in directories.values { tasks.forEach { $0.cancel() } }
        // The cgroup may hold the heapsnapd and others: what they use decides how far the limit comes down.
        for _ in 0..<10 where await giveBack(growth: .mebibytes(16)) { try? await Task.sleep(for: .milliseconds(100)) }
        guard let pid = exit?.pid ?? target?.process.identity.pid else { return }
        await recordDeath(exit?.status, of: target, pid: pid, standardErrorTail: exit?.standardErrorTail)
    }

    /// A watched process that is not the command has ended, and its parent goes on: its status is not ours to know (contract 28).
    func recordDeath(of gone: WatchedProcess) async { await recordDeath(nil, of: gone, pid: gone.process.identity.pid, standardErrorTail: nil) }

    /// Of another worker: where V8 or the kernel said why.
    func recordDeathOfRelative(_ gone: WatchedProcess) async {
        if await !reports(of: gone).isEmpty { return await recordDeath(of: gone) }
        guard let kills = oomKills(of: gone)?.count, kills > known(of: gone)?.count ?? 0, await kills > oomKillsExplained(of: gone) ?? 0 else {
            return
        }
        await recordDeath(of: gone)
    }

    private func oomKills(of gone: WatchedProcess?) -> OOMKills? { (try? OOMKills(countedBy: gone?.sampler.hierarchy)).flatMap(\.self) }

    /// What was there at its start, or is told as another's death.
    private func known(of gone: WatchedProcess) -> OOMKills? { [gone.oomKillsBefore, oomKillsTold].compactMap(\.self).max { $0.at < $1.at } }

    /// What the kernel's count held before its end: what is known, and its copies.
    private func oomKillsExplained(of gone: WatchedProcess) async -> UInt64? {
        await BlockingWork.run { [known = known(of: gone), store = workplace.store] in known?.withCopies(of: gone.process.identity.pid, in: store) }
    }

    private func recordDeath(_ status: ExitStatus?, of gone: WatchedProcess?, pid: ProcessID, standardErrorTail: [UInt8]?) async {
        do { try await publishDeath(status, of: gone, pid: pid, standardErrorTail: standardErrorTail) } catch {
            log.error("\(service): cannot record its end: \(error)")
        }
    }

    /// Files of our own directory that nobody was told of: their writer died in the same instant.
    private func collectLeftovers() async {
        guard let target else { return }
        for path in directories.keys where isIncoming(path) {
            for name in ((try? SmallFile.names(in: path)) ?? []).sorted() {
                guard let kind = ArtifactName(name), kind.isHeapSnapshot else { continue }
                let known = captures.unclaimed.first { $0.artifact.path == "\(path)/\(name)" }?.provenance
                var record = workplace.record(
                    of: target.process, service: service, reason: known?.reason ?? "nearHeapLimit",
                    detail: known?.detail ?? "\(name) was left behind at the end of the service")
                record.engine = known?.engine ?? "nearHeapLimit"
                record.samples = .init(before: trajectory.recorded)
                do {
                    let collected = try await workplace.site.collect(
                        "\(path)/\(name)", state: .targetDied, record: record, began: SystemClock.monotonic()
                    ) { _ in }
                    log.notice("\(service): snapshot \(collected.id) \(collected.state.rawValue)")
                } catch { log.error("\(service): cannot collect \(path)/\(name): \(error)") }
            }
        }
    }

    private func publishDeath(_ status: ExitStatus?, of gone: WatchedProcess?, pid: ProcessID, standardErrorTail: [UInt8]?) async throws {
        let now = SystemClock.now()
        var words = standardErrorTail.flatMap { LastWords.parse($0) }
        if words == nil { words = await reportedWords(of: gone) }
        let oomKills = oomKills(of: gone)
        let told = status == nil ? await told(of: gone) : nil
        let status = status ?? told?.status
        let before = if let gone { await oomKillsExplained(of: gone) } else { UInt64?.none }
        // The cgroup of a unit that has ended is gone, and its counter with it; systemd has read it before.
        let after = oomKills?.count ?? told.map { (before ?? 0) + ($0.isOOMKilled ? 1 : 0) }
        let judgement = ExitJudgement.decide(
            ExitEvidence(
                status: status, lastWords: words, oomKillsBefore: before ?? after.map { _ in 0 },
                oomKillsAfter: after, ownSignal: stopSignal))
        oomKillsTold = oomKills ?? oomKillsTold
        var record =
            gone.map { workplace.record(of: $0.process, service: service, reason: "death") }
            ?? SnapshotRecord(
                id: SnapshotID(at: now), state: .noSnapshot, service: service, reason: "death",
                engine: "none", createdAt: now)
        record.state = .noSnapshot
        record.pid = gone?.process.identity.pid ?? pid
        record.detail = judgement.reason
        // The trajectory is the watched one's.
        if gone?.process.identity == target?.process.identity { record.samples = .init(before: trajectory.recorded) }
        record.exit = SnapshotRecord.Exit(
            judgement, status: status, words: words, memoryStat: try? gone?.sampler.hierarchy?.leaf.statistics()?.all)
        let published = try await BlockingWork.run { [site = workplace.site, record] in try site.publish(record) }
        log.record(.death, "\(status == nil ? "process \(pid) of " : "")\(service) ended: \(judgement.reason)", about: about(record))
        await listener.happened(ServiceEvent(kind: .death, record: published))
    }

    private func told(of gone: WatchedProcess?) async -> UnitExit? {
        guard let gone else { return nil }
        return await host.exit(of: gone.process, since: gone.since)
    }

    /// V8's reason from the diagnostic report, where standard error is not ours to read (contract 26). The report is taken away: its content is in the record.
    private func reportedWords(of gone: WatchedProcess?) async -> LastWords? {
        for (path, report) in await reports(of: gone) {
            if directories.keys.contains(where: { path.hasPrefix($0 + "/") && isOurs($0) }) { SmallFile.remove(path) }
            let symbols = report.nativeStack?.map(\.symbol) ?? []
            if let words = LastWords.parse(reportEvent: report.header.event, trigger: report.header.trigger, nativeStack: symbols) { return words }
        }
        return nil
    }

    /// The directory that we made for this run.
    func isIncoming(_ directory: String) -> Bool {
        host.plan?.artifactDirectories.contains(directory) == true && directory.hasPrefix(workplace.store.path + "/")
    }

    /// What lies there is ours to take and to remove: in the directory of this run, or in that of our example for units (`heapsnapd-UNIT`), which belongs to the
    /// service's user: a name alone is anybody's to claim. Elsewhere a report is somebody's to keep.
    func isOurs(_ directory: String) -> Bool {
        if isIncoming(directory) { return true }
        guard host.plan == nil, directory.split(separator: "/").last?.hasPrefix("heapsnapd-") == true, let uid = target?.process.uid else {
            return false
        }
        return SmallFile.owner(directory) == uid
    }

    /// Those that this process wrote, the newest five; all of our own directory where it was never seen.
    private func reports(of gone: WatchedProcess?) async -> [(path: String, report: DiagnosticReport)] {
        let own = directories.keys.filter { isIncoming($0) }
        let others = gone?.process.flags.reportOnFatalError == true ? directories.keys.filter { !isIncoming($0) } : []
        let pid = gone?.process.namespacePID
        return await BlockingWork.run {
            // `report.20261121.004512.4711.0.001.json`
            let ofProcess = { (name: String) in
                let parts = name.split(separator: ".")
                return ArtifactName(name) == .report && parts.count == 7 && pid != nil && Int32(parts[3]) == pid
            }
            let paths =
                own.flatMap { path in ((try? SmallFile.names(in: path) { ArtifactName($0) == .report }) ?? []).map { "\(path)/\($0)" } }
                + others.flatMap { path in ((try? SmallFile.names(in: path, keep: ofProcess)) ?? []).map { "\(path)/\($0)" } }
            return paths.sorted().suffix(5).compactMap { path in
                guard let bytes = SmallFile.readForeign(path, atMost: .mebibytes(4)),
                    let report = try? RecordCodec.decode(DiagnosticReport.self, from: bytes)
                else { return nil }
                if let pid, let writer = report.header.processId, pid != writer { return nil }
                return (path, report)
            }
        }
    }
}

/// The part of Node's diagnostic report (doc/api/report.md) that tells why.
private struct DiagnosticReport: Decodable, Sendable {
    struct Header: Decodable, Sendable {
        var event: String
        var trigger: String
        var processId: Int32?
    }
    struct Frame: Decodable, Sendable { var symbol: String }
    var header: Header
    var nativeStack: [Frame]?
}

extension SnapshotRecord.Exit {
    init(_ judgement: ExitJudgement, status: ExitStatus?, words: LastWords?, memoryStat: [String: UInt64]?) {
        self.init(cause: Cause(rawValue: judgement.cause.name) ?? .unknown, detail: judgement.reason)
        switch status {
        case .exited(let code): self.status = code
        case .signaled(let number, _): signal = number
        case nil: break
        }
        lastWords = words.map { .init(fatalError: $0.fatalError, lastGCs: $0.lastGCs) }
        self.memoryStat = memoryStat?.mapValues { Int64(clamping: $0) }
    }
}
