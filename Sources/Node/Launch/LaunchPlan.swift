/// Who answers the signal with a snapshot.
public enum SnapshotHandler: String, Sendable, Codable, CaseIterable {
    /// Node's own handler takes the snapshot; its flags are added.
    case node
    /// The application has a handler of its own (the npm module heapdump, `v8.writeHeapSnapshot`); no flag is added.
    case app
}

public struct LaunchOptions: Sendable, Hashable {
    public var handler: SnapshotHandler
    /// `SIGUSR2`.
    public var signal: String
    /// How many snapshots Node may write near its heap limit; 0: none, the flag is left out.
    public var nearHeapLimit: Int
    /// Absolute.
    public var diagnosticDirectory: String
    /// Also have Node write its diagnostic report when V8 gives up (contract 26).
    public var reportOnFatalError: Bool
    /// As it is wished for.
    public var agent: LaunchAgent

    public init(
        handler: SnapshotHandler, signal: String, nearHeapLimit: Int, diagnosticDirectory: String, reportOnFatalError: Bool, agent: LaunchAgent
    ) {
        self.handler = handler
        self.signal = signal
        self.nearHeapLimit = nearHeapLimit
        self.diagnosticDirectory = diagnosticDirectory
        self.reportOnFatalError = reportOnFatalError
        self.agent = agent
    }
}

/// How a command is started so that its Node process can be captured, and what was left out and why.
public struct LaunchPlan: Sendable, Hashable {
    public enum Via: String, Sendable, Codable { case argv, nodeOptions, nothing }
    public struct Skipped: Sendable, Hashable, Codable {
        public var flag: String
        public var reason: String
    }

    /// The command line, `argv[0]` first.
    public var arguments: [String]
    public var environment: [String: String]
    /// The flags that were added: `--heapsnapshot-signal=SIGUSR2`.
    public var injected: [String]
    public var skipped: [Skipped]
    /// Absolute paths: where files will appear. The working directory of a process below a runner may be another one; its
    /// `NodeProcess` knows.
    public var artifactDirectories: [String]
    public var via: Via
    /// Of the command, or of the `node` in PATH that it is likely to start.
    public var nodeVersion: NodeVersion?
    /// The signal that will make it write a snapshot, whoever asked for that; nil: none.
    public var signal: String?
    /// What the service will load, by our flag or by the user's own (`skipped` says so), or why nothing.
    public var agent: LaunchAgent
    /// The file of the version above; nil: none was found.
    public var nodeExecutable: String?
    /// The command is Node itself.
    var isNode = false

    /// - Parameters:
    ///   - command: not empty; `command[0]` is looked up in PATH as execvpe(3) does.
    ///   - environment: the whole environment that the command will get.
    ///   - workingDirectory: absolute.
    ///   - prove: runs the trial of the agent; answers why it failed. It is not asked where no agent would be injected.
    /// - Throws: `KernelError.denied` where the executable cannot be read. One that does not exist is no error here: starting it is.
    public static func make(
        command: [String], environment: [String: String], workingDirectory: String, options: LaunchOptions, prove: (AgentTrial) -> String?
    ) throws -> LaunchPlan {
        let target = try CommandTarget.resolve(
            command.first ?? "", searchPath: environment["PATH"], workingDirectory: workingDirectory)
        let node = CommandTarget.nodeExecutable(
            command.first ?? "", target: target, searchPath: environment["PATH"], workingDirectory: workingDirectory)
        func planned(_ options: LaunchOptions) -> LaunchPlan {
            plan(command: command, environment: environment, workingDirectory: workingDirectory, options: options, target: target, node: node)
        }
        let wished = planned(options)
        guard let trial = AgentTrial(wished, workingDirectory: workingDirectory), let reason = prove(trial) else { return wished }
        var without = options
        without.agent = .absent(reason: reason)
        return planned(without)
    }

    /// The decision itself, pure.
    /// - Parameter node: the file that the target is, or will find.
    static func plan(
        command: [String], environment: [String: String], workingDirectory: String, options: LaunchOptions, target: CommandTarget,
        node: String? = nil
    ) -> LaunchPlan {
        let nodeOptions = environment["NODE_OPTIONS"]
        var plan = LaunchPlan(
            arguments: command, environment: environment, injected: [], skipped: [], artifactDirectories: [], via: .nothing, agent: options.agent,
            nodeExecutable: node)
        // Only Node's own command line is read for flags: a runner's options mean something else.
        var userFlags = NodeFlags.parse(arguments: [], nodeOptions: nodeOptions)
        var way = Via.nodeOptions
        switch target {
        case .node(let version):
            userFlags = NodeFlags.parse(arguments: command, nodeOptions: nodeOptions)
            plan.nodeVersion = version
            way = .argv
            plan.isNode = true
        case .runner(let version): plan.nodeVersion = version
        case .missing: break
        }

        let wishes = LaunchFlag.wishes(options: options, user: userFlags, version: plan.nodeVersion, workingDirectory: workingDirectory)
        plan.skipped = wishes.compactMap { wish in wish.objection.map { Skipped(flag: wish.flag, reason: $0) } }
        plan.injected = wishes.filter { $0.objection == nil }.map(\.flag)
        if way == .nodeOptions, let nodeOptions, NodeOptions.split(nodeOptions) == nil {
            plan.skipped += plan.injected.map { Skipped(flag: $0, reason: "NODE_OPTIONS is malformed and Node will refuse it") }
            plan.injected = []
        }
        if !plan.injected.isEmpty { plan.inject(by: way) }
        plan.agent = plan.presence(of: options.agent, user: userFlags, workingDirectory: workingDirectory)

        let flags =
            way == .argv
            ? NodeFlags.parse(arguments: plan.arguments, nodeOptions: nodeOptions)
            : NodeFlags.parse(arguments: [], nodeOptions: plan.environment["NODE_OPTIONS"])
        plan.signal = flags.heapSnapshotSignal ?? (options.handler == .app ? options.signal : nil)
        plan.artifactDirectories = directories(flags, version: plan.nodeVersion, workingDirectory: workingDirectory)
        return plan
    }

    /// Ours come before the user's: of two, Node takes the last.
    private mutating func inject(by way: Via) {
        via = way
        if way == .argv {
            arguments.insert(contentsOf: injected, at: 1)
        } else {
            let own = NodeOptions.join(injected)
            environment["NODE_OPTIONS"] = environment["NODE_OPTIONS"].map { $0.isEmpty ? own : "\(own) \($0)" } ?? own
        }
    }

    private func presence(of wished: LaunchAgent, user: NodeFlags, workingDirectory: String) -> LaunchAgent {
        if injected.contains(wished.flag) { return wished }
        if let own = wished.alreadyRequired(by: user, workingDirectory: workingDirectory) {
            return .injected(path: absolutePath(own, in: workingDirectory))
        }
        return .absent(reason: skipped.last { $0.flag == wished.flag }?.reason ?? "it was left out")
    }

    /// The diagnostic directory, and the working directory where a file may land there: without such a directory, in a version that
    /// ignores it on a signal, and for V8's and the application's own files only where nothing else is known.
    private static func directories(_ flags: NodeFlags, version: NodeVersion?, workingDirectory: String) -> [String] {
        let named = [flags.diagnosticDir, flags.reportDirectory].compactMap { $0 }.map { absolutePath($0, in: workingDirectory) }
        let usesWorkingDirectory = flags.diagnosticDir == nil || !(version?.honoursDiagnosticDir ?? false)
        var directories: [String] = []
        for directory in named + (usesWorkingDirectory ? [workingDirectory] : []) where !directories.contains(directory) {
            directories.append(directory)
        }
        return directories
    }
}
