import ArgumentParser
import Capture
import Control
import Glibc
import Linux
import Node
import SnapshotStore
import Supervisor
import Units

struct DumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Take a heap snapshot of a running Node process, if that is safe now.",
        discussion: """
            Where the agent is loaded (heapsnapd run does that), a copy of the process takes the snapshot, and the process stands still for milliseconds.
            Otherwise it must have been started with --heapsnapshot-signal, or handle the signal itself (--handler app), and stops for the length of the
            snapshot: see heapsnapd check. Nothing is sent to a process that would die of it.

            Where the daemon runs it takes the snapshot, with its configuration and in its queue; Ctrl-C takes the wish back as long as it waits there. Root and the
            group heapsnapd may have any process captured, others their own. Options that name the service, the signal, a directory, or a configuration need
            nobody's permission but the kernel's: with them, or with --no-daemon, this command works alone.

            EXAMPLES
              heapsnapd dump 4711
              heapsnapd dump shop                       by its name, where the daemon watches it
              heapsnapd dump 4711 --isolate 1           a worker
              heapsnapd dump 4711 --exact-ids 10m       twice or more: the snapshots number their objects alike
              heapsnapd dump 4711 --no-copy --max-pause 30s
              heapsnapd dump 4711 --handler app         for the npm module heapdump, or v8.writeHeapSnapshot() in a handler

            EXIT STATUS
              0 complete and stored, 3 refused, 4 no such process, 5 it died meanwhile, 6 the snapshot is truncated.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var capture: CaptureOptions
    @Option(
        name: .customLong("exact-ids"),
        help: ArgumentHelp(
            "Have the service keep object ids for so long, 1h at most, so that snapshots can be compared object by object; it allocates 2 to 3 times "
                + "slower meanwhile. A second one within prolongs it, 0 ends it.", valueName: "duration")) var exactIDs: String?
    @Flag(help: "A copy or nothing: the process is never stopped for its snapshot.") var noInPlace = false
    @OptionGroup var daemon: LoneOptions
    @Option(help: ArgumentHelp("Why, for the record.", valueName: "text")) var reason: String?
    @Argument(help: ArgumentHelp("The Node process, or a service that the daemon watches.", valueName: "pid")) var target: ControlTarget

    func validate() throws {
        guard !capture.noCopy || !noInPlace else { throw ValidationError("--no-copy and --no-in-place leave nothing; keep one of them") }
        guard let exactIDs else { return }
        guard let time = Duration(text: exactIDs), time <= .seconds(3_600), time == .zero || time >= .seconds(1) else {
            throw ValidationError("--exact-ids: '\(exactIDs)' is not 0, nor a time between 1s and 1h")
        }
        guard !capture.noCopy else { throw ValidationError("--exact-ids needs copies; leave out --no-copy") }
    }

    func run() throws {
        // What Node has begun goes on without us: its file stays where it is, and a limit that was raised is the next command's to give back.
        let farewell = { @Sendable in
            Terminal.endProgress()
            Terminal.printError("heapsnapd: interrupted; a snapshot that Node has begun goes on, and any heapsnapd command settles what is open")
        }
        try untilInterrupted(farewell: farewell) { if try await !dumpByDaemon() { try await dumpAlone() } }
    }

    /// - Returns: whether there is one, and nothing was asked for that it does not do.
    private func dumpByDaemon() async throws -> Bool {
        guard !options.isSpecific, !capture.isSpecific else { return false }
        // The directory of a `run` is that one's to watch, which knows of a command beside it, and nothing of the daemon.
        if case .process(let pid) = target, geteuid() == 0, (try? Workplace.open(options, for: .reading))?.run(above: pid) != nil { return false }
        var request = DumpRequest(target)
        request.isolate = capture.isolate
        request.noCopy = capture.noCopy
        request.noInPlace = noInPlace
        request.noLend = capture.noLend
        request.acceptRisk = capture.acceptRisk
        request.assumeHeapsnapshotSignal = capture.assumeHeapsnapshotSignal
        request.maxPause = try capture.maxPause.map { text in
            guard let time = Duration(text: text) else { throw ValidationError("--max-pause: '\(text)' is not a time, as in 30s") }
            return time
        }
        request.exactIDs = exactIDs.flatMap { Duration(text: $0) }
        request.reason = reason
        let last = try await daemon.ask(.dump(request)) { if case .progress(let step) = $0 { Terminal.showProgress(step.text) } }
        guard case .stored(let stored)? = last else { return false }
        let record = try RecordCodec.decode(SnapshotRecord.self, from: RecordCodec.encode(stored.record))
        try report(record, at: stored.path)
        return true
    }

    private func dumpAlone() async throws {
        guard case .process(let pid) = target else {
            throw CommandFailure(.notFound, "cannot find \(target): only the daemon knows services by name, and it is not asked; name a process")
        }
        let workplace = try Workplace.open(options, capture.overrides)
        let process = try workplace.nodeProcess(pid)
        let service = workplace.serviceName(of: process, explicit: capture.service)
        guard let signal = Signals.number(workplace.configuration.launch.signal) else {
            throw ValidationError("unknown signal \(workplace.configuration.launch.signal)")
        }
        let agent = workplace.agent(of: process, as: .controller, isolate: capture.isolate)
        let named = capture.artifactDirectory ?? process.snapshotDirectory.map { process.hostPath($0, table: workplace.table) }
        if named == nil, try workplace.table.abstractListeners(process.identity.pid)?.contains(where: { $0.hasPrefix("heapsnapd.") }) != true {
            throw CommandFailure(
                Refusal(.flagsUnreadable, "cannot tell where process \(pid) would write its snapshot; name the directory by --diagnostic-dir"))
        }
        var record = workplace.record(of: process, service: service, reason: "manual")
        record.requestedBy = "heapsnapd dump"
        record.detail = reason
        var request = workplace.request(
            record, of: process, directory: named ?? "", signal: signal, growth: .zero, assumesHandler: capture.assumeHeapsnapshotSignal)
        request.exactIDs = exactIDs.flatMap { Duration(text: $0) }
        request.allowsInPlace = !noInPlace
        let result: Result<Void, any Error>
        do {
            let outcome = try await perform(request, agent, in: workplace)
            if let refusal = outcome.refusal { throw CommandFailure(refusal) }
            result = .success(try report(outcome.record, at: workplace.store.snapshotPath(outcome.record)))
        } catch { result = .failure(error) }
        await workplace.giveBack()
        try result.get()
    }

    private func perform(_ request: CaptureRequest, _ agent: CaptureLadder.Agent, in workplace: Workplace) async throws -> CaptureOutcome {
        // A directory that is gone is admission's to refuse, with a record.
        guard let directory = try? ArtifactDirectory(request.directory) else {
            return try await CaptureLadder(site: workplace.site).capture(
                request, agent: agent, directory: nil, arrival: { nil }, report: ProgressLine(predictedPause: nil, predictedBytes: nil).show)
        }
        let facts = try workplace.site.facts(for: request)
        let line = ProgressLine(predictedPause: facts?.cost?.pause, predictedBytes: facts?.cost?.file)
        let arrivals = ArrivalQueue()
        let watching = Task { await directory.run() }
        let receiving = Task { for await artifact in directory.arrivals where artifact.isSnapshot(of: request) { await arrivals.add(artifact) } }
        defer {
            watching.cancel()
            receiving.cancel()
            Terminal.endProgress()
        }
        return try await CaptureLadder(site: workplace.site).capture(
            request, agent: agent, directory: directory, arrival: { await arrivals.next() }, report: line.show)
    }

    private func report(_ record: SnapshotRecord, at path: String?) throws {
        Terminal.endProgress()
        guard record.state == .complete else {
            let code: CommandFailure.Code = record.state == .targetDied ? .targetDied : .damaged
            throw CommandFailure(code, "the snapshot of \(target) is \(record.state.rawValue); see heapsnapd info \(record.id)")
        }
        if options.json { return JSONOutput.print(record) }
        Terminal.printError(
            "\(record.bytes?.description ?? "?") in \(record.actual?.duration?.duration.text ?? "?"), the service stood still for \(record.actual?.pause?.duration.text ?? "?")"
        )
        if let until = record.exactIdsUntil {
            let pid = record.pid.map { "\($0)" } ?? "PID"
            Terminal.printError(
                "the service keeps object ids until \(until) and allocates slower meanwhile; heapsnapd dump \(pid) --exact-ids 0 ends it")
        }
        Terminal.print(path ?? record.id.text)
    }
}

/// Files that appeared and that nobody has taken up yet.
actor ArrivalQueue {
    private var waiting: [Artifact] = []
    func add(_ artifact: Artifact) { waiting.append(artifact) }
    func next() -> Artifact? { waiting.isEmpty ? nil : waiting.removeFirst() }
}

extension Artifact {
    /// Whether this file can be the one asked for: Node's names carry the writer's pid, an application's say nothing.
    func isSnapshot(of request: CaptureRequest) -> Bool {
        switch kind {
        case .node(let pid, _, _): pid.rawValue == request.process.namespacePID
        case .heapdump, .other: request.handler == .app
        case .v8OnOOM, .report: false
        }
    }
}
