import ArgumentParser
import Capture
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

            EXAMPLES
              heapsnapd dump 4711
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
    @Argument(help: "The Node process.") var pid: Int32

    func validate() throws {
        guard let exactIDs else { return }
        guard let time = Duration(text: exactIDs), time <= .seconds(3_600), time == .zero || time >= .seconds(1) else {
            throw ValidationError("--exact-ids: '\(exactIDs)' is not 0, nor a time between 1s and 1h")
        }
        guard !capture.noCopy else { throw ValidationError("--exact-ids needs copies; leave out --no-copy") }
    }

    func run() throws {
        let code = try withOwnSignals { signals in
            // What Node has begun goes on without us: its file stays where it is, and a limit that was raised is the next command's to give back.
            let farewell = { @Sendable in
                Terminal.endProgress()
                Terminal.printError("heapsnapd: interrupted; a snapshot that Node has begun goes on, and any heapsnapd command settles what is open")
            }
            return await interruptible(by: signals, farewell: farewell) {
                try await dump()
                return 0
            }
        }
        throw ExitCode(code)
    }

    private func dump() async throws {
        let workplace = try Workplace.open(options, capture.overrides)
        let process = try workplace.nodeProcess(ProcessID(pid))
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
        var request = workplace.request(
            record, of: process, directory: named ?? "", signal: signal, growth: .zero, assumesHandler: capture.assumeHeapsnapshotSignal)
        request.exactIDs = exactIDs.flatMap { Duration(text: $0) }
        let result: Result<Void, any Error>
        do { result = .success(try report(await perform(request, agent, in: workplace), in: workplace)) } catch { result = .failure(error) }
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

    private func report(_ outcome: CaptureOutcome, in workplace: Workplace) throws {
        let record = outcome.record
        if let refusal = outcome.refusal { throw CommandFailure(refusal) }
        guard record.state == .complete else {
            let code: CommandFailure.Code = record.state == .targetDied ? .targetDied : .damaged
            throw CommandFailure(code, "the snapshot of process \(pid) is \(record.state.rawValue); see heapsnapd info \(record.id)")
        }
        if options.json { return JSONOutput.print(record) }
        Terminal.printError(
            "\(record.bytes?.description ?? "?") in \(record.actual?.duration?.duration.text ?? "?"), the service stood still for \(record.actual?.pause?.duration.text ?? "?")"
        )
        if let until = record.exactIdsUntil {
            Terminal.printError(
                "the service keeps object ids until \(until) and allocates slower meanwhile; heapsnapd dump \(pid) --exact-ids 0 ends it")
        }
        Terminal.print(workplace.store.snapshotPath(record) ?? record.id.text)
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
