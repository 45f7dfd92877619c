public import ArgumentParser
import Foundation
import Glibc
import Linux
import Logging
import MemoryWatch
public import Node
import SnapshotStore
import Supervisor
import Units

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Start a Node service, watch its memory, and capture before it dies.",
        discussion: """
            Exits as the command did. Signals are forwarded; SIGUSR1 and SIGUSR2 ask for a capture. As pid 1 it reaps orphans.

            EXAMPLES
              heapsnapd run -- node server.js
              heapsnapd run --restart on-failure -- npm start
              heapsnapd run --trigger use=80% --trigger rss=400M,600M -- node server.js
              heapsnapd run --handler app -- node with-heapdump.js

            In a Dockerfile:  ENTRYPOINT ["heapsnapd", "run", "--", "node", "server.js"]
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup(title: "Launch") var launch: LaunchCommandOptions
    @Argument(parsing: .postTerminator, help: "The command.") var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("what is to be run? heapsnapd run [options] -- command…") }
        guard launch.agent == nil || !launch.noAgent else { throw ValidationError("--agent and --no-agent exclude each other; keep one of them") }
    }

    func run() throws {
        let workplace: Workplace
        do { workplace = try Workplace.open(options, launch.overrides) } catch { throw Self.ownFailure(error) }
        let code = try withOwnSignals { signals in
            do {
                let log = Logger.ofProgram(level: workplace.configuration.log.level)
                let run = try prepare(workplace, signals, log)
                // Beside the service: gigabytes that an earlier run left behind must not keep it from starting.
                async let recovered: Void = workplace.recover(log: log)
                let code = await run.run()
                await recovered
                return code
            } catch { return Self.ownFailure(error).report() }
        }
        throw ExitCode(code)
    }

    /// A mistake in the configuration is the user's, everything else before the start is ours.
    private static func ownFailure(_ error: any Error) -> CommandFailure {
        let failure = CommandFailure(error)
        return failure.code == .usage ? failure : CommandFailure(.ownFailure, failure.message)
    }

    private func prepare(_ workplace: Workplace, _ signals: AsyncStream<ReceivedSignal>, _ log: Logger) throws -> ServiceRun {
        let configuration = workplace.configuration

        let environment = ProcessInfo.processInfo.environment
        let workingDirectory = FileManager.default.currentDirectoryPath
        let subject = subject(environment, workingDirectory)
        let service = subject.service
        let incoming = try workplace.store.makeIncoming("\(service)-\(getpid())-\(SystemClock.now().milliseconds)")
        let tails = configuration.supervise.tailStderr.applies(environment)
        let plan = try LaunchPlan.make(
            command: command, environment: environment, workingDirectory: workingDirectory,
            options: LaunchOptions(
                handler: configuration.launch.handler, signal: configuration.launch.signal, nearHeapLimit: configuration.launch.nearHeapLimit,
                diagnosticDirectory: configuration.launch.diagnosticDir.isEmpty ? incoming.path : configuration.launch.diagnosticDir,
                reportOnFatalError: !tails, agent: AgentFile.wanted(configuration.launch.agent)),
            prove: AgentProof(cacheFile: workplace.store.proofFile).objection)
        if case .absent(let reason) = plan.agent {
            // Who switched it off knows.
            log.log(level: configuration.launch.agent == .never ? .debug : .notice, "without the agent: \(reason)")
        }
        for skipped in plan.skipped { log.debug("left out \(skipped.flag): \(skipped.reason)") }
        let supervise = configuration.supervise
        let supervisor = try Supervisor(
            service: SpawnRequest(
                executable: plan.arguments[0], arguments: Array(plan.arguments.dropFirst()),
                environment: plan.via == .nothing ? nil : plan.environment),
            configuration: .init(
                restart: supervise.policy,
                captureGrace: configuration.capture.grace, forwardsUserSignals: configuration.launch.handler == .app || launch.forwardUsr,
                tailsStandardError: tails, reapsOrphans: true),
            signals: signals)
        return ServiceRun(
            workplace: workplace, subject: subject, plan: plan, supervisor: supervisor, incoming: incoming, selection: launch.select, log: log,
            hooks: Hooks(log: log), analyses: Hooks(log: log, atOnce: 1))
    }

    /// Contract 1, as far as it can be known before the process exists.
    private func subject(_ environment: [String: String], _ workingDirectory: String) -> Subject {
        let places = ((try? ProcessTable().cgroups(ProcessID(getpid()))) ?? nil ?? []).map { ($0.path, CgroupPlace.parse($0.path)) }
        let (cgroup, place) = places.first { $0.1.unit != nil || $0.1.userUnit != nil } ?? (nil, CgroupPlace())
        let script = NodeFlags.parse(arguments: command, nodeOptions: nil).script
        let container = environment["KUBERNETES_SERVICE_HOST"] == nil ? nil : environment["HOSTNAME"]
        let package = (try? PackageManifest.nearestName(from: workingDirectory, root: "")).flatMap(\.self)
        let service = ServiceName.derive(
            explicit: launch.service, unit: place.unit ?? place.userUnit, container: container, packageName: package, script: script ?? command.first)
        return Subject(service: service, unit: place.unit, cgroup: cgroup, command: command.joined(separator: " "), user: userName(geteuid()))
    }
}

/// Options of `run` beside the configuration's own.
struct LaunchCommandOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Name of the service; default: unit, container, package.json or script.", valueName: "name")) var service: String?
    @Option(help: ArgumentHelp("The signal that makes Node write a snapshot.", valueName: "SIG")) var signal: String?
    @Option(help: ArgumentHelp("How many snapshots Node may write near its heap limit; 0 for none.", valueName: "n")) var nearHeapLimit: Int?
    @Option(help: ArgumentHelp("Where Node writes; default: below the snapshot directory.", valueName: "dir")) var diagnosticDir: String?
    @Option(help: ArgumentHelp("Who writes the snapshot: node, or app for a handler of the service's own.", valueName: "node|app")) var handler:
        String?
    @Option(help: ArgumentHelp("The library that Node is to load, instead of the one that was installed with heapsnapd.", valueName: "path"))
    var agent: String?
    @Flag(help: "Do not have Node load the agent.") var noAgent = false
    @Option(
        name: .customLong("trigger"),
        help: ArgumentHelp(
            "When to capture, such as use=85%, rss=400M,600M, timeToLimit=15s; may be repeated; replaces the configuration's.", valueName: "trigger"))
    var triggers: [String] = []
    @Option(help: ArgumentHelp("Longest stop of the service that is acceptable.", valueName: "duration")) var maxPause: String?
    @Option(help: ArgumentHelp("How long the end of the service waits for a capture.", valueName: "duration")) var captureGrace: String?
    @Option(help: ArgumentHelp("Which of several Node processes: largest, first or a pid.", valueName: "which")) var select: ProcessSelection =
        .largest
    @Option(help: ArgumentHelp("When to start again: no, on-failure or always.", valueName: "policy")) var restart: String?
    @Flag(help: "Forward SIGUSR1 and SIGUSR2 instead of capturing.") var forwardUsr = false
    @Flag(help: "Read the service's standard error for V8's last words also where our death would not end it.") var tailStderr = false
    @Flag(help: "Never raise a limit for a capture.") var noLend = false
    @Flag(help: "Capture although the predicted memory or pause do not fit.") var acceptRisk = false

    var overrides: [(key: String, value: String?)] {
        [
            ("launch.signal", signal), ("launch.nearHeapLimit", nearHeapLimit.map(String.init)), ("launch.diagnosticDir", diagnosticDir),
            ("launch.handler", handler), ("launch.agent", noAgent ? "never" : agent),
            ("watch.triggers", triggers.isEmpty ? nil : triggers.joined(separator: " ")), ("capture.maxPause", maxPause),
            ("capture.grace", captureGrace),
            ("supervise.restart", restart), ("supervise.tailStderr", tailStderr ? "always" : nil), ("capture.lend", noLend ? "false" : nil),
            ("capture.acceptRisk", acceptRisk ? "true" : nil),
        ]
    }
}

extension ProcessSelection: ExpressibleByArgument {}
