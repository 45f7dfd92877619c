import Capture
import Linux
import Node
import SnapshotStore
import Units

/// Why a file is there that no capture of ours awaits.
struct Provenance {
    var engine: String
    var reason: String
    var detail: String
}

/// A file that somebody else was about to take, or that its writer still holds.
struct UnclaimedFile {
    var artifact: Artifact
    var owner: WatchedProcess
    var provenance: Provenance
}

extension ServiceWatch {
    /// Watches a directory for snapshots, once. It may be anything that the service names: a disk that hangs, a directory of millions.
    func watch(_ path: String) async {
        guard directories[path] == nil, opening.insert(path).inserted else { return }
        defer { opening.remove(path) }
        do {
            let directory = try await BlockingWork.run { try ArtifactDirectory(path) }
            guard !hasEnded else { return }
            directories[path] = (
                directory,
                [
                    Task(executorPreference: BlockingWork.threads) { await directory.run() },
                    Task(executorPreference: BlockingWork.threads) { await self.takeUpLeft(in: directory) },
                    Task(executorPreference: BlockingWork.threads) {
                        for await artifact in directory.arrivals { await self.arrived(artifact, in: directory) }
                    },
                ]
            )
        } catch { log.warning("cannot watch \(path): \(error)") }
    }

    /// What lay there before we came: the daemon was away, or the host went down. Only where nobody else puts files to keep.
    private func takeUpLeft(in directory: ArtifactDirectory) async {
        let path = directory.path
        guard host.plan == nil, isOurs(path) else { return }
        let names = await BlockingWork.run { (try? SmallFile.names(in: path) { ArtifactName($0) != nil }) ?? [] }
        for name in names.sorted() {
            guard let kind = ArtifactName(name), case .node = kind else { continue }
            let artifact = Artifact(directory: path, name: name, kind: kind)
            if await owner(of: artifact) != nil { await arrived(artifact, in: directory) } else { await adopt(artifact) }
        }
    }

    /// Of a writer that is gone: a shell with the unit's NODE_OPTIONS may write there, too, so the file must rest, and nobody be capturing.
    private func adopt(_ artifact: Artifact) async {
        let size = SmallFile.size(artifact.path)
        try? await Task.sleep(for: .seconds(10))
        guard !Task.isCancelled, let target, SmallFile.size(artifact.path) == size, workplace.captureUnderWay.value == nil else { return }
        var record = workplace.record(
            of: target.process, service: service, reason: "adopted", detail: "\(artifact.name) was there before heapsnapd, and its writer is gone")
        record.engine = "nearHeapLimit"
        if case .node(let pid, _, _) = artifact.kind { record.pid = pid }
        do {
            let adopted = try await workplace.site.collect(artifact.path, state: .targetDied, record: record, began: SystemClock.monotonic()) { _ in }
            log.notice("\(service): adopted \(artifact.name) as snapshot \(adopted.id): \(adopted.state.rawValue)")
        } catch { log.error("\(service): cannot collect \(artifact.path): \(error)") }
    }

    private func arrived(_ artifact: Artifact, in directory: ArtifactDirectory) async {
        if let (request, arrivals) = captures.awaited, artifact.isSnapshot(of: request) {
            captures.awaited = nil
            return await arrivals.add(artifact)
        }
        // What comes after the end is found by `collectLeftovers`, and must not be taken twice.
        guard !hasEnded, let owner = await owner(of: artifact), !hasEnded else { return }
        if isCapturedByAnother(owner.process) {
            let provenance = Provenance(engine: "signal", reason: "manual", detail: "asked for by a heapsnapd dump that was interrupted")
            return captures.unclaimed.append(UnclaimedFile(artifact: artifact, owner: owner, provenance: provenance))
        }
        collect(artifact, of: owner, in: directory, provenance: provenance(of: artifact, owner))
    }

    /// Our own directory holds nothing else; elsewhere the name must say whose it is. Of a cluster any worker may be the one.
    private func owner(of artifact: Artifact) async -> WatchedProcess? {
        switch artifact.kind {
        case .node(let pid, _, _):
            if let target, target.process.namespacePID == pid.rawValue { return target }
            return await relative(namespacePID: pid.rawValue)
        case .heapdump, .v8OnOOM, .other:
            return isIncoming(artifact.directory) || workplace.configuration.launch.handler == .app ? target : nil
        case .report: return nil
        }
    }

    private func provenance(of artifact: Artifact, _ owner: WatchedProcess) -> Provenance {
        if let owed = captures.owed, owed.pid == owner.process.identity.pid {
            captures.owed = nil
            return Provenance(engine: owed.engine, reason: owed.reason, detail: "came late, after snapshot \(owed.id) had been given up as stalled")
        }
        guard case .node = artifact.kind, owner.process.flags.nearHeapLimit != nil || workplace.configuration.launch.handler == .node else {
            return Provenance(engine: "app", reason: "appeared", detail: "\(artifact.name) appeared in \(artifact.directory)")
        }
        if workplace.site.loans.wasLent(to: owner.process.identity) {
            return Provenance(engine: "signal", reason: "adopted", detail: "asked for by a heapsnapd that was killed in mid-capture")
        }
        return Provenance(engine: "nearHeapLimit", reason: "nearHeapLimit", detail: "Node began a snapshot near its heap limit")
    }

    /// What a `dump` beside us left when it was interrupted, as soon as it is gone; what a suspended writer held, as soon as it does not.
    func takeUpUnclaimed() {
        for file in captures.unclaimed where !workplace.site.isHeld(file.artifact, by: file.owner.process.identity) {
            captures.unclaimed.removeAll { $0.artifact == file.artifact }
            guard SmallFile.size(file.artifact.path) != nil, let directory = directories[file.artifact.directory]?.directory else { continue }
            collect(file.artifact, of: file.owner, in: directory, provenance: file.provenance)
        }
    }

    private func collect(_ artifact: Artifact, of owner: WatchedProcess, in directory: ArtifactDirectory, provenance: Provenance) {
        captures.unrequested[artifact.path] = Task(executorPreference: BlockingWork.threads) {
            await self.take(artifact, of: owner, in: directory, provenance: provenance)
        }
    }

    private func take(_ artifact: Artifact, of owner: WatchedProcess, in directory: ArtifactDirectory, provenance: Provenance) async {
        await host.captureBegan(patience: nil)
        await follow(artifact, of: owner, in: directory, provenance: provenance)
        captures.unrequested[artifact.path] = nil
        await captureEnded()
    }

    private func follow(_ artifact: Artifact, of owner: WatchedProcess, in directory: ArtifactDirectory, provenance: Provenance) async {
        let isNearHeapLimit = provenance.engine == "nearHeapLimit"
        var record = workplace.record(of: owner.process, service: service, reason: provenance.reason, detail: provenance.detail)
        record.engine = provenance.engine
        record.samples = .init(before: trajectory.recorded)
        let request = workplace.request(record, of: owner.process, directory: artifact.directory, signal: 0, growth: growth)
        log.notice("\(service): \(provenance.detail)")
        do {
            let outcome = try await UnrequestedArtifact(site: workplace.site).capture(
                artifact, request: request, directory: directory, heap: isNearHeapLimit ? owner.heapLimit : nil, report: report)
            if let left = outcome.leftOpen { captures.unclaimed.append(UnclaimedFile(artifact: left, owner: owner, provenance: provenance)) }
            await conclude(outcome)
        } catch is CancellationError { log.warning("\(service): \(artifact.path) is left for the next start") } catch {
            log.error("\(service): cannot collect \(artifact.path): \(error)")
        }
    }
}
