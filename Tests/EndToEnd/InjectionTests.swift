import Foundation
import Linux
import Testing

extension EndToEnd {
    /// The agent in what `run` launches (contract 21): where it goes in, and each way in which it cannot; then the service runs as it does without us.
    @Suite(.timeLimit(.minutes(5))) struct InjectionTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        // MARK: where it goes in

        @Test(arguments: [18, 20, 22, 24, 26]) func nodeItself(major: Int) async throws {
            let service = try await Service.start([EndToEnd.node(major), script()], in: sandbox)
            #expect(try hasAgent(service.pid) && service.log.isEmpty, "\(service.log)")
            #expect(service.greeting.execArgv.contains("--require=\(try EndToEnd.agent)"))
            try await service.stop()
        }

        /// `handler: app` gets no flag for the signal, but the agent does not care who answers that.
        @Test func withAHandlerOfTheServicesOwn() async throws {
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, run: ["--handler", "app"])
            #expect(try hasAgent(service.pid))
            #expect(service.greeting.execArgv == ["--require=\(try EndToEnd.agent)"])
            try await service.stop()
        }

        @Test func fromADirectoryWithSpacesAndQuotes() async throws {
            let place = try sandbox.makeDirectory(#"my "own" agent \ here"#) + "/heapsnapd-agent.node"
            try FileManager.default.copyItem(atPath: EndToEnd.agent, toPath: place)
            let service = try await Service.start(["sh", "-c", "node \(script()); exit $?"], in: sandbox, run: ["--agent", place])
            #expect(try hasAgent(service.pid) && service.log.isEmpty, "\(service.log)")
            try await service.stop()
        }

        /// npm is Node as well: it hands the token on, and what it starts takes it out of the environment of its own children.
        @Test func throughNpmToItsScriptAndNoFurther() async throws {
            let application = try sandbox.makeDirectory("application")
            try sandbox.write(#"{"name": "shop", "scripts": {"start": "node \#(script())"}}"#, to: "application/package.json")
            let service = try await Service.start(
                [EndToEnd.program("npm-standin/npm"), "start"], in: sandbox, environment: ["NODE_OPTIONS": "--trace-warnings"], directory: application
            )
            #expect(try hasAgent(service.pid))
            #expect(service.greeting.nodeOptions?.contains("agent") == false)
            #expect(service.greeting.nodeOptions?.contains("--trace-warnings") == true, "what the user set stays")
            #expect(try !hasAgent(service.greeting.child))
            #expect(service.greeting.childOptions?.contains("agent") == false)
            try await service.stop()
        }

        @Test func whatWasProvenIsRemembered() async throws {
            for run in 1...2 {
                let service = try await Service.start(
                    [EndToEnd.node(24), script()], in: sandbox, environment: ["NODE_OPTIONS": "--require \(try counter())"])
                #expect(try hasAgent(service.pid))
                #expect(try trials() == 1, "run \(run)")
                try await service.stop()
            }
        }

        // MARK: where it cannot

        @Test func switchedOff() async throws {
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, run: ["--no-agent"])
            try await expectAbsent(in: service, nil)
        }

        @Test func aMissingFile() async throws {
            let gone = sandbox.path("gone.node")
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, run: ["--agent", gone])
            try await expectAbsent(in: service, "\(gone): No such file or directory")
        }

        @Test func whatIsNoLibrary() async throws {
            let file = try sandbox.write("no library", to: "heapsnapd-agent.node")
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, run: ["--agent", file])
            try await expectAbsent(in: service, "does not take it: a trial exited with status 1")
        }

        /// The service's user is not the one who installed it.
        @Test func aFileThatAnotherUserMayNotRead() async throws {
            let service = try await Service.start(asNobody(agentMode: 0o600), in: sandbox, binary: sandbox.path("heapsnapd"), user: nobody)
            try await expectAbsent(in: service, "heapsnapd-agent.node: Permission denied")
        }

        @Test func anotherUserWhoMayReadIt() async throws {
            let service = try await Service.start(asNobody(agentMode: 0o644), in: sandbox, binary: sandbox.path("heapsnapd"), user: nobody)
            #expect(try hasAgent(service.pid) && service.log.isEmpty, "\(service.log)")
            try await service.stop()
        }

        @Test(arguments: ["argv", "NODE_OPTIONS"]) func withoutAddons(by way: String) async throws {
            let command = [try EndToEnd.node(24)] + (way == "argv" ? ["--no-addons"] : []) + [try script()]
            let environment = way == "argv" ? [:] : ["NODE_OPTIONS": "--no-addons"]
            let service = try await Service.start(command, in: sandbox, environment: environment)
            try await expectAbsent(in: service, "--no-addons forbids it")
        }

        @Test func underThePermissionModel() async throws {
            let flags = ["--permission", "--allow-fs-read=*", "--allow-child-process"]
            let service = try await Service.start([EndToEnd.node(24)] + flags + [script()], in: sandbox)
            try await expectAbsent(in: service, "--permission without --allow-addons forbids it")
        }

        /// Addons are allowed there, reading this one is not: 24 makes an exception for what is required by a flag, 20 does not. Only a trial can tell.
        @Test(arguments: [20, 24]) func underThePermissionModelThatHidesTheFile(major: Int) async throws {
            let flags = [
                major == 20 ? "--experimental-permission" : "--permission", "--allow-addons", "--allow-child-process",
                "--allow-fs-read=\(sandbox.directory)/*",
            ]
            let service = try await Service.start([EndToEnd.node(major)] + flags + [script()], in: sandbox)
            if major == 20 { return try await expectAbsent(in: service, "a trial exited with status 1") }
            #expect(try hasAgent(service.pid) && service.log.isEmpty, "\(service.log)")
            try await service.stop()
        }

        @Test func onAFileSystemWithoutExecution() async throws {
            let place = try sandbox.makeDirectory("noexec")
            try #require(try await sandbox.start(["mount", "-t", "tmpfs", "-o", "noexec", "none", place]).end().status == 0)
            try FileManager.default.copyItem(atPath: EndToEnd.agent, toPath: place + "/heapsnapd-agent.node")
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, run: ["--agent", place + "/heapsnapd-agent.node"])
            try await expectAbsent(in: service, "mounted noexec")
        }

        /// A module that waits for ever unless it is in the service itself: the trial is killed, and the start is 2 s late, once.
        @Test func aTrialThatHangs() async throws {
            let module = try sandbox.write("if (process.argv.length < 2) for (;;);", to: "hang.js")
            let began = ContinuousClock.now
            let service = try await Service.start([EndToEnd.node(24), script()], in: sandbox, environment: ["NODE_OPTIONS": "--require \(module)"])
            #expect(ContinuousClock.now - began > .seconds(2))
            try await expectAbsent(in: service, "had not ended after 2 s")
        }

        @Test func aTrialThatDies() async throws {
            let module = try sandbox.write("if (process.argv.length < 2) process.kill(process.pid, 'SIGSEGV');", to: "dies.js")
            let service = try await Service.start([EndToEnd.node(24), "--require", module, script()], in: sandbox)
            try await expectAbsent(in: service, "a trial ended by SIGSEGV")
        }

        /// A crash loop: the failure is found anew by each `run`, the restarts of one `run` do not try again.
        @Test func restartsAreNotTriedAgain() async throws {
            let program = try sandbox.write("process.exit(7)", to: "crash.js")
            let run = try sandbox.startHeapsnapd(
                [
                    "run", "--agent", EndToEnd.agent, "--restart", "on-failure", "--set", "supervise.backOff=10ms", "--set", "supervise.startLimit=3",
                    "--",
                    EndToEnd.node(24), program,
                ],
                environment: ["NODE_OPTIONS": "--require \(try counter())"])
            #expect(try await run.end().status == 7)
            #expect(try trials() == 1)
        }

        /// One profile and one coverage report: the service's.
        @Test func aTrialLeavesNothingBehind() async throws {
            let (profiles, coverage) = (try sandbox.makeDirectory("profiles"), try sandbox.makeDirectory("coverage"))
            let program = try sandbox.write("process.exitCode = 7", to: "short.js")
            let run = try sandbox.startHeapsnapd(
                ["run", "--agent", EndToEnd.agent, "--", EndToEnd.node(24), "--cpu-prof", "--cpu-prof-dir=\(profiles)", program],
                environment: ["NODE_V8_COVERAGE": coverage, "NODE_OPTIONS": "--require \(try counter())"])
            #expect(try await run.end().status == 7)
            #expect(try trials() == 1)
            for directory in [profiles, coverage] { #expect(try FileManager.default.contentsOfDirectory(atPath: directory).count == 1) }
        }

        @Test func whatIsRequiredAlreadyIsNotRequiredTwice() async throws {
            let agent = try EndToEnd.agent
            let service = try await Service.start([EndToEnd.node(24), "--require", agent, script()], in: sandbox)
            #expect(try hasAgent(service.pid))
            #expect(service.greeting.execArgv.filter { $0.contains("agent.node") } == [agent])
            try await service.stop()
        }

        // MARK: steps

        private let nobody = SpawnRequest.User(uid: 65534, gid: 65534)

        /// A service that starts a node of its own, and says what the two of them know.
        private func script() throws -> String {
            try sandbox.write(
                """
                const { spawn } = require('child_process');
                const program = 'console.log(JSON.stringify(process.env.NODE_OPTIONS ?? null)); setInterval(() => {}, 1000)';
                const child = spawn(process.execPath, ['-e', program, 'child']);
                child.stdout.once('data', data => console.log(JSON.stringify({ pid: process.pid, execArgv: process.execArgv,
                  nodeOptions: process.env.NODE_OPTIONS, child: child.pid, childOptions: JSON.parse(data) })));
                process.on('SIGTERM', () => { child.kill('SIGKILL'); process.exit(42); });
                """, to: "service.js")
        }

        /// A module that notes each trial, which alone has neither a script nor an argument.
        private func counter() throws -> String {
            try sandbox.write(
                "if (process.argv.length < 2) require('fs').appendFileSync('\(sandbox.path("trials"))', 'x');", to: "counter.js")
        }

        private func trials() throws -> Int { try String(contentsOfFile: sandbox.path("trials"), encoding: .utf8).count }

        /// Root's home and build directories are closed to others: everything is copied to where nobody may read.
        private func asNobody(agentMode: Int) throws -> [String] {
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: sandbox.directory)
            let node = sandbox.path("node")
            try FileManager.default.copyItem(atPath: EndToEnd.node(24), toPath: node)
            try FileManager.default.copyItem(atPath: EndToEnd.binary, toPath: sandbox.path("heapsnapd"))
            let agent = try EndToEnd.agent
            let copy = try sandbox.makeDirectory("lib/heapsnapd") + "/heapsnapd-agent.node"
            try FileManager.default.copyItem(atPath: agent, toPath: copy)
            try FileManager.default.setAttributes([.posixPermissions: agentMode], ofItemAtPath: copy)
            return ["--agent", copy, "--", node, try script()]
        }

        private func hasAgent(_ pid: Int32) throws -> Bool {
            try String(contentsOfFile: "/proc/net/unix", encoding: .utf8).contains("@heapsnapd.\(pid).")
        }

        /// It runs, answers, and ends as it would without us.
        private func expectAbsent(in service: Service, _ reason: String?) async throws {
            #expect(try !hasAgent(service.pid))
            #expect(!service.greeting.execArgv.contains { $0.hasPrefix("--require=") })
            if let reason {
                #expect(service.log.contains("heapsnapd: without the agent: ") && service.log.contains(reason), "\(service.log)")
            } else {
                #expect(service.log.isEmpty)
            }
            try await service.stop()
        }
    }

    /// The agent under test: HEAPSNAPD_AGENT_FILE, or what `make agent` has built.
    static var agent: String {
        get throws {
            let built = support.deletingLastPathComponent().deletingLastPathComponent().appending(path: ".build/agent/heapsnapd-agent.node").path
            let path = ProcessInfo.processInfo.environment["HEAPSNAPD_AGENT_FILE"] ?? built
            try #require(FileManager.default.isReadableFile(atPath: path), "no \(path): run make agent")
            return path
        }
    }
}

/// A service under `heapsnapd run` that has introduced itself.
private struct Service {
    /// What it printed as its first line.
    struct Greeting: Decodable {
        var pid: Int32
        var execArgv: [String]
        var nodeOptions: String?
        var child: Int32
        var childOptions: String?
    }

    let run: Program
    let greeting: Greeting
    var pid: Int32 { greeting.pid }
    /// What heapsnapd said of the agent.
    var log: String { run.error.split(separator: "\n").filter { $0.contains("without the agent") }.joined(separator: "\n") }

    /// - Parameter command: with `--` and options of `run` before it, or without.
    static func start(
        _ command: [String], in sandbox: Sandbox, run options: [String] = [], environment: [String: String] = [:], directory: String? = nil,
        binary: String? = nil, user: SpawnRequest.User? = nil
    ) async throws -> Service {
        let nodes = URL(filePath: try EndToEnd.node(24)).deletingLastPathComponent().path
        let path = ["PATH": "\(nodes):\(ProcessInfo.processInfo.environment["PATH"] ?? "")", "XDG_RUNTIME_DIR": sandbox.directory]
        let agent =
            options.contains("--agent") || options.contains("--no-agent") || command.contains("--agent") ? [] : ["--agent", try EndToEnd.agent]
        let arguments = ["run", "--snapshot-dir", sandbox.store] + agent + options + (command.contains("--") ? [] : ["--"]) + command
        let run = try sandbox.start(
            [binary ?? EndToEnd.binary] + arguments, environment: path.merging(environment) { $1 }, in: directory, user: user)
        let greeting = try await eventually("the service to introduce itself", within: .seconds(30)) { () -> Greeting? in
            if !run.isRunning { throw TimedOut(description: "the service ended at once: \(run.output) \(run.error)") }
            return try? JSONDecoder().decode(Greeting.self, from: Data(run.output.utf8))
        }
        return Service(run: run, greeting: greeting)
    }

    /// The service decides its exit status; below npm and sh it is theirs.
    func stop() async throws {
        kill(pid, SIGTERM)
        #expect(try await run.end().status == 42, "\(run.error)")
    }
}
