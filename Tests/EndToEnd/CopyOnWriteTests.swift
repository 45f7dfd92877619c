import Foundation
import Linux
import Testing

extension EndToEnd {
    /// A copy of the service takes the snapshot, and the service runs on: by real agents in real nodes, with real cgroups.
    @Suite(.timeLimit(.minutes(30))) struct CopyOnWriteTests {
        private static let majors = [18, 20, 22, 26, 24]
        /// In a row, of one process.
        private static let repetitions = isFull ? 100 : 5
        private static let limit = 512 << 20
        /// Of load without captures, for comparison.
        private static let undisturbed = isFull ? Duration.seconds(60) : .seconds(10)
        /// One for each that never rests: the service, its workers with the thread pool, the load, the copy with heapsnapd. With fewer, these take from
        /// each other what the throughput is made of, and the ratio is printed only.
        private static let hasFreeCore = ProcessInfo.processInfo.activeProcessorCount >= 4

        /// While it answers requests and replaces what its old space holds, with two workers and the thread pool busy.
        @Test(arguments: majors) func manyInARowUnderLoad(node: Int) async throws {
            let sandbox = try Sandbox()
            let service = try await ContainedService.start(
                "busy.js", node: node, in: sandbox, limit: "4G", run: ["--set", "watch.triggers=[]", "--set", "store.maxCountPerService=200"],
                flags: ["--max-old-space-size=1024"], environment: ["HEAP_MB": "40"], agent: true)
            let undisturbed = try await HTTPLoad.start(on: service)
            try await Task.sleep(for: Self.undisturbed)
            let before = try await undisturbed.end()
            let load = try await HTTPLoad.start(on: service)
            var attempts = 0
            var pauses: [Double] = []
            for count in 1...Self.repetitions {
                kill(service.supervisor, SIGUSR2)
                let complete = try await eventually("snapshot \(count)", within: .seconds(180), every: .milliseconds(100)) {
                    let records = try await sandbox.records()
                    return records.count == count ? records : nil
                }
                let newest = try #require(complete.max { $0.id < $1.id })
                #expect(newest.state == "complete" && newest.engine == "copyOnWrite", "\(newest)")
                pauses.append(newest.actual?.pause ?? .infinity)
                attempts += newest.actual?.attempts ?? 0
            }
            // One may have met whoever shares this processor.
            #expect(pauses.sorted()[pauses.count / 2] < 0.2 && pauses.allSatisfy { $0 < 2 }, "\(pauses)")
            let during = try await load.end()
            let ratio = during.rate / before.rate
            let compared = String(format: "%.2f", ratio)
            print("node \(node): \(Self.repetitions) captures, \(attempts) copies; \(during); without captures \(before); ratio \(compared)")
            #expect(during.failures.isEmpty && during.answered > 0, "no request may fail: \(during.failures)")
            if Self.hasFreeCore { #expect(ratio > 0.8, "the service's throughput is to stay within 20 %") }
            try await expectOpens(try #require(try await sandbox.records().first), in: sandbox)
            try await end(service)
        }

        /// V8's own limit: the usual death of a leak in a container leaves a complete snapshot, and the exit is the service's own.
        @Test(arguments: majors) func nearTheHeapLimit(node: Int) async throws {
            let service = try await ContainedService.start(
                "leak-objects.js", node: node, in: Sandbox(), run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=100"],
                environment: ["RATE_MB": "20"], agent: true)
            let outcome = try await service.program.end(within: .seconds(120))
            #expect(outcome.status == 134, "\(outcome.error.suffix(3000))")
            #expect(outcome.error.contains("limit 512 MiB"))
            let snapshots = try await service.sandbox.records().filter { $0.bytes != nil }
            #expect(snapshots.map(\.engine) == ["copyOnWrite"], "one event, one snapshot: \(snapshots) \(outcome.error.suffix(2000))")
            let snapshot = try #require(snapshots.first)
            #expect(snapshot.state == "complete" && snapshot.reason == "nearHeapLimit")
            try await expectOpens(snapshot, in: service.sandbox)
            expectNothingLeft(of: service)
        }

        /// Where a loan would have been needed in place, the service's own limit is not even approached.
        @Test func aLeakInASmallContainer() async throws {
            let service = try await ContainedService.start(
                "leak-objects.js", node: 24, in: Sandbox(), flags: ["--max-old-space-size=460"], environment: ["RATE_MB": "15"], agent: true)
            let record = try await service.snapshot()
            #expect(record.engine == "copyOnWrite")
            #expect((record.actual?.pause ?? .infinity) < 1)
            #expect((record.actual?.copyPeak ?? 0) > 500_000_000, "the copy needed what a snapshot in place would have")
            #expect(record.lineage?.isEmpty == false)
            try await expectOpens(record, in: service.sandbox)
            // The fork took away the marks by which the heap is told from outside: it must not look small now.
            struct Check: Decodable { var heap: Int? }
            let pid = try #require(try await service.health()?.pid)
            let check = try await service.sandbox.heapsnapd("check", "\(pid)", "--json")
            #expect(try #require(try JSONDecoder().decode(Check.self, from: Data(check.output.utf8)).heap) > 60_000_000, "\(check.output)")
            try await end(service)
        }

        @Test func aBlockedEventLoopIsCapturedAllTheSame() async throws {
            let sandbox = try Sandbox()
            let run = try sandbox.startHeapsnapd([
                "run", "--set", "watch.triggers=[]", "--", EndToEnd.node(24), "-e", "console.log('blocked'); for (;;) {}",
            ])
            try await eventually("the loop") { run.output.contains("blocked") ? true : nil }
            try await Task.sleep(for: .milliseconds(500))
            run.signal(SIGUSR2)
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            #expect(record.engine == "copyOnWrite")
            run.signal(SIGKILL)
        }

        /// Who sent the second may have seen the record of the first already: it is not lost.
        @Test func aSignalDuringACaptureAsksForTheNext() async throws {
            let sandbox = try Sandbox()
            let service = try await ContainedService.start(
                "busy.js", node: 24, in: sandbox, limit: "4G", run: ["--set", "watch.triggers=[]"], environment: ["HEAP_MB": "60"], agent: true)
            kill(service.supervisor, SIGUSR2)
            try await eventually("the first capture", every: .milliseconds(10)) { service.program.error.contains("capturing;") ? true : nil }
            kill(service.supervisor, SIGUSR2)
            kill(service.supervisor, SIGUSR2)
            let records = try await eventually("two snapshots", every: .milliseconds(100)) {
                let records = try await sandbox.records().filter { $0.state == "complete" }
                return records.count == 2 ? records : nil
            }
            #expect(service.program.error.components(separatedBy: "the next follows it").count == 2, "\(service.program.error)")
            #expect(records.allSatisfy { $0.engine == "copyOnWrite" && $0.reason == "signal" })
            try await end(service)
        }

        /// What waits in one call of the kernel can't be reached, and is told so at once; the next rung is refused or taken as ever.
        @Test func aLongWaitIsAnsweredNotInterruptible() async throws {
            let sandbox = try Sandbox()
            let script = "console.log('waiting'); require('child_process').execSync('sleep 30')"
            let run = try sandbox.startHeapsnapd(["run", "--set", "watch.triggers=[]", "--", EndToEnd.node(24), "-e", script])
            try await eventually("the wait") { run.output.contains("waiting") ? true : nil }
            try await Task.sleep(for: .milliseconds(500))
            let started = ContinuousClock.now
            let dump = try await sandbox.heapsnapd("dump", "\(try node(below: run))", "--isolate", "0", "--json")
            print(dump.output)
            #expect(dump.status == 3, "\(dump.output)")
            #expect(try JSONDecoder().decode(Failure.self, from: Data(dump.output.utf8)).error.refusal == "notInterruptible")
            #expect(ContinuousClock.now - started < .seconds(20))
            run.signal(SIGKILL)
        }

        @Test func aWorkerByItsNumber() async throws {
            let sandbox = try Sandbox()
            let service = try await ContainedService.start(
                "busy.js", node: 24, in: sandbox, limit: "4G", run: ["--set", "watch.triggers=[]"], environment: ["HEAP_MB": "5"], agent: true)
            let pid = try #require(try await service.health()?.pid)
            struct Check: Decodable {
                struct Isolate: Decodable { var id: Int, main: Bool, heapUsed: Int? }
                var isolates: [Isolate]
            }
            let isolates = try await eventually("two workers", every: .milliseconds(200)) { () -> [Check.Isolate]? in
                let check = try await sandbox.heapsnapd("check", "\(pid)", "--json")
                let isolates = try JSONDecoder().decode(Check.self, from: Data(check.output.utf8)).isolates
                return isolates.count == 3 ? isolates : nil
            }
            #expect(isolates.allSatisfy { ($0.heapUsed ?? 0) > 1_000_000 }, "\(isolates)")
            let worker = try #require(isolates.first { !$0.main })
            let dump = try await sandbox.heapsnapd("dump", "\(pid)", "--isolate", "\(worker.id)", "--json")
            #expect(dump.status == 0, "\(dump.output)\(dump.error)")
            #expect(try JSONDecoder().decode(StoredRecord.self, from: Data(dump.output.utf8)).isolate == worker.id)
            let nobody = try await sandbox.heapsnapd("dump", "\(pid)", "--isolate", "99", "--json")
            #expect(try JSONDecoder().decode(Failure.self, from: Data(nobody.output.utf8)).error.refusal == "noSuchIsolate")
            try await end(service)
        }

        // MARK: faults

        @Test func heapsnapdIsKilledWhileTheCopyRuns() async throws {
            let service = try await ContainedService.start(
                "leak-objects.js", node: 24, in: Sandbox(), run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=400"],
                environment: ["RATE_MB": "100", "STOP_MB": "150"], outlives: true, agent: true)
            try await eventually("the heap") { try await service.health().map { $0.heapUsed > 150_000_000 } == true ? true : nil }
            let before = try #require(try await service.health())
            kill(service.supervisor, SIGUSR2)
            let copy = try await eventually("a copy", within: .seconds(20), every: .milliseconds(5)) { copies(of: before.pid).first }
            kill(service.supervisor, SIGKILL)
            try await eventually("the end of the copy") { isRunning(copy) ? nil : true }
            #expect(try await service.health()?.pid == before.pid)
            try await eventually("the limit to be back", within: .seconds(30), every: .milliseconds(200)) {
                _ = try await service.sandbox.heapsnapd("list")
                return try service.limit == Self.limit ? true : nil
            }
            #expect(try await service.sandbox.records().allSatisfy { $0.bytes == nil }, "nothing half-written is visible")
            kill(before.pid, SIGKILL)
        }

        /// Each copy is killed: three are made, then the next rung is taken.
        @Test func theCopyIsKilled() async throws {
            let service = try await ContainedService.start(
                "leak-objects.js", node: 24, in: Sandbox(), run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=400"],
                environment: ["RATE_MB": "100", "STOP_MB": "60"], agent: true)
            try await eventually("the heap") { try await service.health().map { $0.heapUsed > 60_000_000 } == true ? true : nil }
            let before = try #require(try await service.health())
            kill(service.supervisor, SIGUSR2)
            let killing = Task {
                while !Task.isCancelled {
                    for copy in copies(of: before.pid) { kill(copy, SIGSEGV) }
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            defer { killing.cancel() }
            let record = try await service.snapshot()
            #expect(record.engine == "signal", "\(record)")
            #expect(record.rungs?.first { $0.rung == "copyOnWrite" }?.skipped?.code == "copyFailed")
            #expect(try await service.health()?.pid == before.pid)
            killing.cancel()
            try await end(service)
        }

        /// Room when the copy was made, none when it writes: the service knows nothing of it, and nothing half-written is visible.
        @Test func theStoreFillsUpWhileTheCopyRuns() async throws {
            let sandbox = try Sandbox()
            let store = try sandbox.makeDirectory("store")
            try #require(try await sandbox.start(["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "none", store]).end().status == 0)
            let service = try await ContainedService.start(
                "leak-objects.js", node: 24, in: sandbox, run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=400"],
                environment: ["RATE_MB": "100", "STOP_MB": "60"], agent: true)
            try await eventually("the heap") { try await service.health().map { $0.heapUsed > 60_000_000 } == true ? true : nil }
            let before = try #require(try await service.health())
            kill(service.supervisor, SIGUSR2)
            try await eventually("a copy", within: .seconds(20), every: .milliseconds(5)) { copies(of: before.pid).first }
            // A record needs a few KiB, the snapshot some MB.
            let fill = "head -c $((($(df --output=avail -k \(store) | tail -1) - 256) * 1024)) /dev/zero > \(store)/filler"
            try #require(try await sandbox.start(["/bin/sh", "-c", fill]).end().status == 0)
            let failed = try await sandbox.record("failed") { $0.state == "failed" }
            #expect(failed.detail?.contains("file system is full") == true, "\(failed)")
            #expect(try await service.health()?.pid == before.pid)
            #expect(try FileManager.default.contentsOfDirectory(atPath: store).filter { $0.contains("heapsnapshot") } == [])
            try await eventually("the limit to be back", within: .seconds(30), every: .milliseconds(200)) {
                try service.limit == Self.limit ? true : nil
            }
            try FileManager.default.removeItem(atPath: store + "/filler")
            kill(service.supervisor, SIGUSR2)
            #expect(try await service.snapshot().engine == "copyOnWrite", "with room again the next one succeeds")
            try await end(service)
        }

        // MARK: steps

        private func copies(of pid: Int32) -> [Int32] {
            ((try? ProcessTable().children(of: .init(pid))) ?? []).map(\.rawValue).filter {
                (try? String(contentsOfFile: "/proc/\($0)/comm", encoding: .utf8))?.hasPrefix("heapsnapd-copy") == true
            }
        }

        private func node(below run: Program) throws -> Int32 { try #require(try ProcessTable().children(of: .init(run.pid)).first?.rawValue) }

        private func end(_ service: ContainedService) async throws {
            service.program.signal(SIGTERM)
            let outcome = try await service.program.end(within: .seconds(60))
            #expect([143, 134, 0].contains(outcome.status), "\(outcome.error.suffix(2000))")
            expectNothingLeft(of: service)
        }

        private func expectOpens(_ record: StoredRecord, in sandbox: Sandbox) async throws {
            let path = sandbox.path("exported")
            let exported = try await sandbox.heapsnapd("export", record.id, "--force", "-o", path)
            #expect(exported.status == 0, "\(exported.error)")
            let snapshot = try ExportedSnapshot(path)
            #expect(snapshot.isClosed && snapshot.nodesFound == Double(snapshot.nodeCount) && snapshot.nodeCount > 10_000)
        }

        private func expectNothingLeft(of service: ContainedService) {
            #expect(OpenLoan.all.isEmpty)
            #expect(service.sandbox.incomingFiles == [])
            let cgroups = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup/memory")) ?? []
            // Of this one: other runs on the host have theirs.
            #expect(cgroups.filter { $0.hasPrefix("heapsnapd-capture-\(service.supervisor)-") } == [])
        }
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
