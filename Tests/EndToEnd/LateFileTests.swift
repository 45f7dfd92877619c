import Foundation
import Testing

extension EndToEnd {
    /// Files that come when nobody awaits them, or are taken by another than the one who asked.
    @Suite(.timeLimit(.minutes(5))) struct LateFileTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        @Test func aDumpThatIsInterruptedLeavesItsFileToTheRunBesideIt() async throws {
            let (run, service) = try await start(heap: 60)
            let dump = try sandbox.startHeapsnapd(["dump", "\(service)"])
            try await file()
            dump.signal(SIGINT)
            #expect(try await dump.end().status == 130)
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            #expect(record.reason == "manual" && record.engine == "signal")
            #expect(record.detail?.contains("interrupted") == true)
            try await eventually("the file to be taken away") { sandbox.incomingFiles.isEmpty ? true : nil }
            #expect(isRunning(service))
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
        }

        /// A write that stands still goes on later: the file stays where it is, and is taken when it is whole.
        @Test func aSuspendedServiceKeepsItsFileUntilItGoesOn() async throws {
            let (run, service) = try await start(heap: 60, ["--set", "capture.stallTimeout=2s"])
            run.signal(SIGUSR2)
            try await file()
            kill(service, SIGSTOP)
            let stalled = try await sandbox.record("stalled") { $0.state == "stalled" }
            #expect(sandbox.incomingFiles.count == 1)
            kill(service, SIGCONT)
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            #expect(record.reason == "signal" && record.engine == "signal")
            #expect(record.detail?.contains(stalled.id) == true)
            try await eventually("the file to be taken away") { sandbox.incomingFiles.isEmpty ? true : nil }
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
        }

        /// What does not fit into the grace is the next start's to take in, under the service's own name.
        @Test func theGraceOfACaptureEndsItsCompressionToo() async throws {
            let (run, service) = try await start(heap: 150, ["--capture-grace", "1ms", "--max-pause", "60s"])
            run.signal(SIGUSR2)
            try await eventually("a whole file", within: .seconds(60), every: .milliseconds(5)) {
                sandbox.incomingFiles.first.flatMap { isClosed($0) ? true : nil }
            }
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
            #expect(sandbox.incomingFiles.count == 1, "it was compressed all the same: \(run.error)")
            #expect(!isRunning(service))
            #expect(try await sandbox.startHeapsnapd(["run", "--", "true"]).end().status == 0)
            let records = try await sandbox.records()
            let adopted = try #require(records.first { $0.reason == "adopted" }, "\(records)")
            #expect(adopted.state == "complete" && adopted.service == "leak-objects" && adopted.pid == service)
            #expect(!records.contains { $0.reason == "supervisorLost" }, "it ended by itself")
            #expect(sandbox.incomingFiles == [])
        }

        /// A worker that is not the one watched: its file is collected while the service runs on, and its death told.
        @Test func anotherProcessOfTheServiceMeetsItsHeapLimit() async throws {
            let run = try sandbox.startHeapsnapd(
                ["run", "--no-agent", "--set", "watch.triggers=[]", "--", EndToEnd.node(24), EndToEnd.program("family.js")],
                environment: ["PORT_FILE": sandbox.path("port")])
            let death = try await sandbox.record("the child's death", within: .seconds(60)) { $0.reason == "death" }
            #expect(death.exit?.cause == "v8HeapLimit")
            #expect(death.exit?.lastWords?.fatalError?.contains("heap") == true)
            let child = try #require(death.pid)
            #expect(run.output.contains("child \(child)\n") && run.output.contains("child ended"))
            let snapshot = try await sandbox.record("its file") { $0.reason == "nearHeapLimit" }
            #expect(snapshot.state == "complete" && snapshot.pid == child)
            try await eventually("the file to be taken away") { sandbox.incomingFiles.isEmpty ? true : nil }
            #expect(run.isRunning)
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
        }

        // MARK: steps

        private func start(heap megabytes: Int, _ options: [String] = []) async throws -> (run: Program, service: Int32) {
            let run = try sandbox.startHeapsnapd(
                ["run", "--no-agent", "--set", "watch.triggers=[]"] + options
                    + ["--", EndToEnd.node(24), "--max-old-space-size=2000", EndToEnd.program("leak-objects.js")],
                environment: ["RATE_MB": "200", "STOP_MB": "\(megabytes)", "PORT_FILE": sandbox.path("port")])
            let pid = try await eventually("a heap of \(megabytes) MB", within: .seconds(30)) { () -> Int32? in
                guard let port = try? String(contentsOfFile: sandbox.path("port"), encoding: .utf8).trimmingCharacters(in: .newlines) else {
                    return nil
                }
                let answer = try await sandbox.start(["curl", "-s", "-m", "20", "http://127.0.0.1:\(port)/health"]).end()
                let health = try? JSONDecoder().decode(ContainedService.Health.self, from: Data(answer.output.utf8))
                return health.flatMap { $0.heapUsed > megabytes * 1_000_000 ? $0.pid : nil }
            }
            return (run, pid)
        }

        private func file() async throws {
            try await eventually("a file", within: .seconds(20), every: .milliseconds(1)) { sandbox.incomingFiles.isEmpty ? nil : true }
        }

        private func isClosed(_ path: String) -> Bool {
            guard let file = FileHandle(forReadingAtPath: path), let end = try? file.seekToEnd(), end > 2 else { return false }
            try? file.seek(toOffset: end - 2)
            return (try? file.readToEnd()).map { $0?.elementsEqual("]}".utf8) == true } ?? false
        }
    }
}
