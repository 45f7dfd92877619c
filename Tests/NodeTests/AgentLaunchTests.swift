import Testing

@testable import Node

private let agent = "/usr/lib/heapsnapd/heapsnapd-agent.node"

/// The decisions about the agent, pure.
@Suite struct AgentDecisionTests {
    private func plan(
        _ command: [String], _ nodeOptions: String? = nil, agent path: String = agent, handler: SnapshotHandler = .app,
        target: CommandTarget = .node(NodeVersion(24))
    ) -> LaunchPlan {
        LaunchPlan.plan(
            command: command, environment: nodeOptions.map { ["NODE_OPTIONS": $0] } ?? [:], workingDirectory: "/srv",
            options: LaunchOptions(
                handler: handler, signal: "SIGUSR2", nearHeapLimit: 1, diagnosticDirectory: "/snap", reportOnFatalError: false,
                agent: .injected(path: path)),
            target: target)
    }

    @Test func nodeItselfGetsItInArgv() {
        let plan = plan(["node", "--expose-gc", "a.js", "--no-addons"])
        #expect(plan.arguments == ["node", "--require=\(agent)", "--expose-gc", "a.js", "--no-addons"])
        #expect(plan.agent == .injected(path: agent) && plan.via == .argv && plan.skipped.isEmpty)
    }

    @Test func besideTheFlagsOfNodesOwnHandler() {
        let plan = plan(["node", "a.js"], handler: .node)
        #expect(plan.injected.count == 4 && plan.injected.last == "--require=\(agent)")
    }

    /// As the agent finds its own token (Sources/NodeAgent/NodeOptions.cc): one argument, whose quotes and backslashes are Node's.
    @Test(arguments: [#"/a b/agent.node"#, #"/a "b"/agent.node"#, #"/a\ b/agent.node"#, #"/a\b/agent.node"#])
    func runnersGetItThroughNodeOptions(path: String) throws {
        let plan = plan(["npm", "start"], "--trace-warnings", agent: path, target: .runner(node: NodeVersion(22)))
        let text = try #require(plan.environment["NODE_OPTIONS"])
        #expect(NodeOptions.split(text) == ["--require=\(path)", "--trace-warnings"])
        #expect(plan.arguments == ["npm", "start"] && plan.agent == .injected(path: path))
    }

    @Test(arguments: [
        (["node", "--no-addons", "a.js"], "--no-addons forbids it"),
        (["node", "--permission", "a.js"], "--permission without --allow-addons forbids it"),
        (["node", "--experimental-permission", "a.js"], "--permission without --allow-addons forbids it"),
        (["node", "--snapshot-blob", "b", "a.js"], "Node starts from a snapshot or builds one, so that loading it cannot be tried"),
    ])
    func whatForbidsIt(command: [String], reason: String) {
        let direct = plan(command)
        #expect(direct.agent == .absent(reason: reason) && direct.arguments == command)
        #expect(direct.skipped == [.init(flag: "--require=\(agent)", reason: reason)])
        let options = command[1..<(command.count - 1)].joined(separator: " ")
        #expect(plan(["npm", "start"], options, target: .runner(node: NodeVersion(24))).agent == .absent(reason: reason))
    }

    @Test func whatAllowsItAgain() {
        #expect(plan(["node", "--permission", "--allow-addons", "a.js"]).agent == .injected(path: agent))
        #expect(plan(["node", "--addons", "a.js"], "--no-addons").agent == .injected(path: agent))
    }

    @Test(arguments: ["--require=\(agent)", "--require ../usr/lib/heapsnapd/heapsnapd-agent.node", "-r /opt/heapsnapd-agent.node"])
    func requiredAlready(own: String) {
        for plan in [plan(["node"] + own.split(separator: " ").map(String.init) + ["a.js"]), plan(["node", "a.js"], own)] {
            #expect(plan.injected.isEmpty && plan.skipped[0].reason.hasPrefix("already required as "))
            #expect(plan.agent == .injected(path: own.contains("/opt/") ? "/opt/heapsnapd-agent.node" : agent))
            #expect(AgentTrial(plan, workingDirectory: "/srv") == nil)
        }
    }

    @Test func nodesThatItWasNotMadeFor() {
        for target in [CommandTarget.node(NodeVersion(16)), .node(nil), .runner(node: nil), .missing] {
            guard case .absent = plan(["x", "a.js"], target: target).agent else {
                Issue.record("injected into \(target)")
                return
            }
        }
        guard case .absent = plan(["npm", "start"], #"--require "x"#, target: .runner(node: NodeVersion(22))).agent else {
            Issue.record("injected into malformed NODE_OPTIONS")
            return
        }
    }

    // MARK: the trial

    private func trial(
        _ command: [String], _ environment: [String: String] = [:], target: CommandTarget = .node(NodeVersion(24))
    ) throws -> AgentTrial {
        var plan = LaunchPlan.plan(
            command: command, environment: environment, workingDirectory: "/srv",
            options: LaunchOptions(
                handler: .node, signal: "SIGUSR2", nearHeapLimit: 1, diagnosticDirectory: "/snap", reportOnFatalError: true,
                agent: .injected(path: agent)),
            target: target)
        plan.nodeExecutable = "/usr/bin/node"
        return try #require(AgentTrial(plan, workingDirectory: "/srv"))
    }

    /// Neither a script nor what opens a port, waits, runs on, or leaves a file.
    @Test(arguments: [
        ["a.js", "--inspect"], ["--inspect", "a.js"], ["--inspect-brk=0.0.0.0:9229", "a.js"], ["--inspect-wait", "a.js"],
        ["--inspect-port", "1", "a.js"], ["--watch", "a.js"], ["--watch-path", "src", "a.js"], ["--test"], ["--test-reporter=tap", "--test"],
        ["--cpu-prof", "--cpu-prof-dir=/tmp", "a.js"], ["--heap-prof", "a.js"], ["--prof", "a.js"], ["--report-on-signal", "a.js"],
        ["--trace-event-categories", "v8", "a.js"], ["--redirect-warnings=w", "a.js"], ["--abort-on-uncaught-exception", "a.js"],
        ["--check", "a.js"], ["-c", "a.js"], ["-p", "1"], ["-pe", "1"], ["-e", "1"], ["-i"], ["--run", "start"], ["--version"], [],
    ])
    func doesNothingButLoad(own: [String]) throws {
        #expect(try trial(["node"] + own).arguments == ["--require=\(agent)", "-e", "0"])
        guard !own.contains("a.js"), !own.contains("-i") else { return }
        let throughOptions = try trial(["npm"], ["NODE_OPTIONS": own.joined(separator: " ")], target: .runner(node: NodeVersion(24)))
        #expect(throughOptions.arguments == ["-e", "0"] && throughOptions.environment["NODE_OPTIONS"] == "--require=\(agent)")
    }

    @Test func keepsWhatDecides() throws {
        let trial = try trial(
            ["node", "--require", "./a b.js", "--max-old-space-size=460", "--permission", "--allow-addons", "--allow-fs-read=*", "--", "a.js"],
            ["NODE_OPTIONS": "--inspect --import ./i.mjs", "PATH": "/bin", "NODE_V8_COVERAGE": "c", "NODE_CHANNEL_FD": "3"])
        let kept = [
            "--require=\(agent)", "--require", "./a b.js", "--max-old-space-size=460", "--permission", "--allow-addons", "--allow-fs-read=*", "-e",
            "0",
        ]
        #expect(trial.arguments == kept)
        #expect(trial.environment == ["NODE_OPTIONS": "--import ./i.mjs", "PATH": "/bin"])
        #expect(trial.node == "/usr/bin/node" && trial.workingDirectory == "/srv" && trial.agent == agent)
    }

    @Test func aTrialThatFailsLeavesTheOtherFlags() throws {
        let plan = try LaunchPlan.make(
            command: [node(24), "a.js"], environment: [:], workingDirectory: "/srv",
            options: LaunchOptions(
                handler: .node, signal: "SIGUSR2", nearHeapLimit: 1, diagnosticDirectory: "/snap", reportOnFatalError: false,
                agent: .injected(path: agent)),
            prove: { $0.node.hasSuffix("24/bin/node") ? "it bites" : nil })
        #expect(plan.agent == .absent(reason: "it bites") && plan.injected.count == 3)
        #expect(plan.skipped.map(\.reason) == ["it bites"] && !plan.arguments.contains { $0.hasPrefix("--require") })
    }
}
