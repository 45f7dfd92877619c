import Foundation
import Testing

extension EndToEnd {
    /// Commands of the operator's, called by `run`; and being called by who is about to kill.
    @Suite(.timeLimit(.minutes(2))) struct HookTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        @Test func runTellsOfACaptureAndOfTheDeath() async throws {
            let hook = try script("env | grep ^HEAPSNAPD_ >> \(sandbox.path("told")); cp \"$HEAPSNAPD_PATH\" \(sandbox.path("copy")); true")
            let run = try sandbox.startHeapsnapd([
                "run", "--set", "hooks.onCapture=[\(hook)]", "--set", "hooks.onDeath=[\(hook)]", "--agent", EndToEnd.agent, "--", EndToEnd.node(24),
                EndToEnd.program("steady.js"),
            ])
            try await eventually("the service to listen") { run.output.contains("listening") ? true : nil }
            run.signal(SIGUSR2)
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143, "\(run.error)")
            // `run` waits for them at its end.
            let told = try String(contentsOfFile: sandbox.path("told"), encoding: .utf8).split(separator: "\n")
            let file = "\(sandbox.store)/\(try #require(record.file))"
            #expect(told.contains("HEAPSNAPD_EVENT=capture") && told.contains("HEAPSNAPD_PATH=\(file)"))
            #expect(told.contains("HEAPSNAPD_EVENT=death") && told.contains("HEAPSNAPD_EXIT_SIGNAL=15"))
            #expect(try Data(contentsOf: URL(filePath: sandbox.path("copy"))) == Data(contentsOf: URL(filePath: file)))
        }

        /// One that hangs delays neither the capture nor a restart, and is killed; one that is missing is said.
        @Test func hooksThatFail() async throws {
            let run = try sandbox.startHeapsnapd([
                "run", "--set", "hooks.onDeath=[sleep, 1000]", "--set", "hooks.timeout=1s", "--set", "hooks.onRefusal=[/nonexistent]", "--no-agent",
                "--set",
                "capture.maxPause=5ms", "--", EndToEnd.node(24), "-e", "console.log('up'); setTimeout(() => process.exit(5), 8000)",
            ])
            try await eventually("the service to come up") { run.output.contains("up") ? true : nil }
            run.signal(SIGUSR2)
            #expect(try await run.end().status == 5)
            #expect(run.error.contains("death hook sleep: it did not end within 1s, and was killed"), "\(run.error)")
            #expect(run.error.contains("refusal hook /nonexistent: cannot start /nonexistent: no such program"), "\(run.error)")
        }

        // MARK: prekill

        /// earlyoom kills 200 ms after it has called: the copy outlives its process.
        @Test func aSnapshotOutlivesTheKill() async throws {
            let target = try await leak()
            let began = ContinuousClock.now
            let prekill = try sandbox.startHeapsnapd(["prekill", "--no-daemon"], environment: ["EARLYOOM_PID": "\(target.pid)"])
            // As soon as there is a copy: what is tested is that it lives on, not this machine's speed.
            try await eventually("the copy") { try children(of: target.pid).isEmpty ? nil : true }
            target.signal(SIGKILL)
            #expect(try await prekill.end().status == 0)
            #expect(ContinuousClock.now - began < .seconds(12))
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            #expect(record.pid == target.pid && record.engine == "copyOnWrite" && record.bytes ?? 0 > 30_000_000)
        }

        @Test func theLargestOfACgroupAndNothingInPlace() async throws {
            let deaf = try sandbox.start([EndToEnd.node(24), "--heapsnapshot-signal=SIGUSR2", EndToEnd.program("steady.js")])
            try await eventually("the service to listen") { deaf.output.contains("listening") ? true : nil }
            let refused = try await sandbox.heapsnapd("prekill", "--no-daemon", "--pid", "\(deaf.pid)")
            #expect(refused.status == 0 && refused.error.contains("[noAgent]"), "\(refused.error)")
            #expect(try await sandbox.records().map(\.state) == ["refused"])
            let allowed = try await sandbox.heapsnapd("prekill", "--no-daemon", "--in-place", "--pid", "\(deaf.pid)")
            #expect(allowed.status == 0 && allowed.error.contains("is stored"), "\(allowed.error)")
        }

        @Test func answersInTimeWhateverHangs() async throws {
            let began = ContinuousClock.now
            let waiting = try sandbox.start(["sh", "-c", "sleep 60 | (\(EndToEnd.binary) prekill --varlink --within 500ms; echo answered $?)"])
            try await eventually("the answer") { waiting.output.contains("answered 0") ? true : nil }
            #expect(ContinuousClock.now - began < .seconds(10))
            let gone = try await sandbox.heapsnapd("prekill", "--cgroup", "/nonexistent.slice")
            #expect(gone.status == 0 && gone.error.contains("no Node process there"))
        }

        private func leak() async throws -> Program {
            let target = try sandbox.start(
                [EndToEnd.node(24), "--require", EndToEnd.agent, EndToEnd.program("leak-objects.js")],
                environment: ["RATE_MB": "100", "STOP_MB": "60"])
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            try await Task.sleep(for: .seconds(1))
            return target
        }

        private func children(of pid: Int32) throws -> [Substring] {
            try String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8).split(separator: " ")
        }

        private func script(_ text: String) throws -> String {
            let path = try sandbox.write("#!/bin/sh\n\(text)\n", to: "hook")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
            return path
        }
    }
}
