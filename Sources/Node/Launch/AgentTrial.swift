/// The command that proves that a node takes the agent (contract 21): the same executable, flags, environment and directory as the
/// service's, with `-e 0` for its script. Whatever would do more than load the flags' modules and end is left out.
public struct AgentTrial: Sendable, Hashable {
    /// The file of the agent; absolute.
    public var agent: String
    /// The file of Node, as it was found.
    public var node: String
    public var nodeVersion: NodeVersion?
    /// After argv[0].
    public var arguments: [String]
    public var environment: [String: String]
    public var workingDirectory: String
}

extension AgentTrial {
    /// Nil where the plan injects nothing of ours that would have to be proven.
    init?(_ plan: LaunchPlan, workingDirectory: String) {
        guard case .injected(let agent) = plan.agent, plan.injected.contains(plan.agent.flag), let node = plan.nodeExecutable else { return nil }
        self.agent = agent
        self.node = node
        nodeVersion = plan.nodeVersion
        let own = plan.isNode ? Array(plan.arguments.dropFirst()) : []
        arguments = Self.harmless(own) + ["-e", "0"]
        environment = plan.environment.filter { !Self.leftOutVariables.contains($0.key) }
        environment["NODE_OPTIONS"] = plan.environment["NODE_OPTIONS"].map { NodeOptions.split($0).map { NodeOptions.join(Self.harmless($0)) } ?? $0 }
        self.workingDirectory = workingDirectory
    }

    /// The options alone, without script and its arguments, and without what `isLeftOut`.
    private static func harmless(_ arguments: [String]) -> [String] {
        let scanner = OptionScanner(arguments)
        return zip(scanner.options, scanner.words).filter { !isLeftOut($0.0.name) }.flatMap(\.1)
    }

    private static func isLeftOut(_ name: String) -> Bool {
        leftOut.contains(name) || leftOutPrefixes.contains { name.hasPrefix($0) }
    }

    private static let leftOut: Set = [
        // What runs instead of a script; the trial has its own.
        "--eval", "--print", "--interactive", "--check", "--run", "--build-sea", "--experimental-sea-config",
        // Ends before any module is loaded, with status 0: proves nothing.
        "--help", "-h", "--version", "-v", "--v8-options", "--completion-bash",
        // Files at the end, or a core where loading fails.
        "--prof", "--prof-process", "--abort-on-uncaught-exception", "--redirect-warnings", "--experimental-test-coverage",
    ]
    private static let leftOutPrefixes = [
        // Opens a port that the service needs a moment later, and may wait for a debugger.
        "--inspect",
        // Starts node again and never ends; refuses `-e`.
        "--watch", "--test",
        // A profile, trace or log at the end. `--cpu-prof-dir` without `--cpu-prof` is an error: all or none.
        "--cpu-prof", "--heap-prof", "--trace-event", "--perf-", "--log",
        // A report or a snapshot where loading fails; a handler for a signal that nobody will send.
        "--report-", "--heapsnapshot-", "--diagnostic-dir",
    ]

    /// Files at the end (coverage, warnings), and the channel of a parent that forked us: a second reader would take its messages away.
    private static let leftOutVariables: Set = [
        "NODE_V8_COVERAGE", "NODE_REDIRECT_WARNINGS", "NODE_CHANNEL_FD", "NODE_CHANNEL_SERIALIZATION_MODE", "NODE_UNIQUE_ID", "NODE_TEST_CONTEXT",
    ]
}
