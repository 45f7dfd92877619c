import Glibc
import Supervisor
import SystemPackage
import Testing
import Units

@testable import Linux

/// Real children, in the process of the tests: without the adoption of orphans, and with signals that are handed in.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SupervisorLiveTests {
    // MARK: exit codes

    @Test func all256ExitCodes() async throws {
        let codes = try await withThrowingTaskGroup { group in
            for code in 0..<256 { group.addTask { (code, try await exitCode(of: "exit \(code)")) } }
            return try await group.reduce(into: [Int: Int32]()) { $0[$1.0] = $1.1 }
        }
        for code in 0..<256 { #expect(codes[code] == Int32(code)) }
    }

    /// signal(7): all but those that are ignored, stop or continue by default; 32 and 33 belong to the C library.
    private static let terminating = (1...64).filter {
        ![SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, 32, 33].contains($0)
    }

    @Test(arguments: terminating) func every128Plus(signal: Int32) async throws {
        #expect(try await exitCode(of: "ulimit -c 0; kill -\(signal) $$") == 128 + signal)
    }

    @Test func whatCannotStart() async throws {
        #expect(try await run(SpawnRequest(executable: "/nonexistent")) == 127)
        #expect(try await run(SpawnRequest(executable: "no-such-command-in-path")) == 127)
        #expect(try await run(SpawnRequest(executable: "/etc/passwd")) == 126)
        #expect(try await run(SpawnRequest(executable: "/")) == 126)
        #expect(try await run(SpawnRequest(executable: "/bin/true", workingDirectory: "/nonexistent")) == 125)
    }

    // MARK: signals

    /// Forwarded while it runs; the service tells by its exit code that it was this signal.
    @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGWINCH, SIGIO, SIGPWR, 34, 64])
    func aSignalReachesTheService(signal: Int32) async throws {
        let run = try LiveRun("trap 'exit \(signal)' \(signal); echo ready; while :; do sleep 0.01; done")
        let supervisor = run.supervisor
        async let code = supervisor.run()
        await run.waitForLine("ready")
        run.receive(signal)
        #expect(await code == signal)
    }

    @Test func userSignalsBecomeRequests() async throws {
        let run = try LiveRun("echo ready; exec sleep 1000")
        let supervisor = run.supervisor
        async let code = supervisor.run()
        await run.waitForLine("ready")
        run.receive(SIGUSR2)
        for await event in supervisor.events {
            guard case .captureRequested(let signal, let sender) = event else { continue }
            #expect(signal == SIGUSR2)
            #expect(sender == ProcessID(getpid()))
            break
        }
        await supervisor.terminate(reason: "end of test")
        #expect(await code == 143)
    }

    // MARK: restart and capture

    @Test func restartsUntilTheStartLimit() async throws {
        let run = try LiveRun("exit 9", restart: .onFailure, startLimit: 3)
        #expect(await run.supervisor.run() == 9)
        let events = await run.supervisor.events.reduce(into: []) { $0.append($1) }
        #expect(events.count { if case .started(let pid, let identity) = $0 { identity?.pid == pid } else { false } } == 3)
        #expect(events.suffix(2) == [.startLimitReached, .finished(exitCode: 9)])
    }

    @Test func aTerminatedServiceIsNotRestarted() async throws {
        let run = try LiveRun("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done", restart: .always)
        let supervisor = run.supervisor
        async let code = supervisor.run()
        await run.waitForLine("ready")
        await supervisor.terminate(reason: "rule")
        #expect(await code == 5)
    }

    @Test func theExitWaitsForTheCapture() async throws {
        let run = try LiveRun("echo ready; exec sleep 1000", grace: .seconds(60))
        let supervisor = run.supervisor
        async let code = supervisor.run()
        await run.waitForLine("ready")
        await supervisor.captureBegan()
        run.receive(SIGTERM)
        var seen: [SupervisorEvent] = []
        for await event in supervisor.events {
            seen.append(event)
            if case .exited = event { await supervisor.captureEnded() }
        }
        #expect(await code == 143)
        #expect(seen.last == .finished(exitCode: 143))
        #expect(!seen.contains(.captureGraceExpired))
    }

    @Test func theGraceEnds() async throws {
        let run = try LiveRun("exit 1", grace: .milliseconds(20))
        await run.supervisor.captureBegan()
        #expect(await run.supervisor.run() == 1)
        #expect(await run.supervisor.events.contains(.captureGraceExpired))
    }

    @Test func lastWordsComeWithTheExit() async throws {
        let run = try LiveRun("ulimit -c 0; echo FATAL ERROR: out of memory >&2; sleep 1 & kill -ABRT $$", tailsStandardError: true)
        #expect(await run.supervisor.run() == 134)
        for await event in run.supervisor.events {
            guard case .exited(let exit) = event else { continue }
            #expect(exit.standardErrorTail.map { String(decoding: $0, as: UTF8.self) } == "FATAL ERROR: out of memory\n")
            #expect(exit.use.maxRSS > .zero)
        }
    }

    // MARK: helpers

    @Test func helpersRunBesideTheService() async throws {
        let run = try LiveRun("echo ready; exec sleep 1000")
        let supervisor = run.supervisor
        let early = await supervisor.spawnHelper(command("exit 2"))
        #expect(early == .ended(.exited(2)), "before the service is started")
        async let code = supervisor.run()
        await run.waitForLine("ready")
        #expect(await supervisor.spawnHelper(command("exit $ANSWER", environment: ["ANSWER": "42"])) == .ended(.exited(42)))
        #expect(await supervisor.spawnHelper(command("kill -9 $$")) == .ended(.signaled(SIGKILL, coreDumped: false)))
        #expect(await supervisor.spawnHelper(command("sleep 1000; :", timeout: .milliseconds(50))) == .timedOut)
        let unwanted = Task { await supervisor.spawnHelper(command("sleep 1000; :")) }
        unwanted.cancel()
        #expect(await unwanted.value == .timedOut, "killed when nobody waits any more")
        let missing = await supervisor.spawnHelper(HelperCommand(executable: "/nonexistent", arguments: [], environment: nil, timeout: .seconds(1)))
        #expect(missing == .cannotStart(reason: "cannot start /nonexistent: no such program; check its name and PATH"))
        async let longer = supervisor.spawnHelper(command("sleep 0.5; exit 3"))
        await supervisor.terminate(reason: "end of test")
        #expect(await code == 143)
        #expect(await longer == .ended(.exited(3)), "one that outlives the run has its end, too")
        #expect(await supervisor.spawnHelper(command("exit 4")) == .ended(.exited(4)), "after the run")
    }

    private func command(_ script: String, environment: [String: String] = [:], timeout: Duration = .seconds(30)) -> HelperCommand {
        HelperCommand(
            executable: "/bin/sh", arguments: ["-c", script], environment: environment.merging(["PATH": "/usr/bin:/bin"]) { $1 }, timeout: timeout)
    }

    private func exitCode(of script: String) async throws -> Int32 {
        try await run(SpawnRequest(executable: "/bin/sh", arguments: ["-c", script]))
    }

    private func run(_ request: SpawnRequest) async throws -> Int32 { try await LiveRun(request).supervisor.run() }
}
