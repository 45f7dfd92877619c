import Foundation
import Testing

extension EndToEnd {
    /// What others may ask of the agent while `run` has it.
    @Suite(.timeLimit(.minutes(10))) struct AgentUseTests {
        private func check(_ pid: Int32, in sandbox: Sandbox) async throws -> CheckResult {
            try JSONDecoder().decode(CheckResult.self, from: Data(try await sandbox.heapsnapd("check", "\(pid)", "--json").output.utf8))
        }

        @Test func checkAndWatchWhileTheRunCaptures() async throws {
            let sandbox = try Sandbox()
            let service = try await ContainedService.start(
                "busy.js", node: 24, in: sandbox, limit: "4G", run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=1024"],
                environment: ["HEAP_MB": "60"], agent: true)
            let pid = try #require(try await service.health()?.pid)
            let watch = try sandbox.startHeapsnapd(["watch", "\(pid)", "--json", "--interval", "100ms"])
            try await eventually("V8's heap", within: .seconds(20)) {
                watch.output.contains(#""heap":{"#) && watch.output.contains(#""type":"gc""#) ? true : nil
            }
            let idle = try await check(pid, in: sandbox)
            #expect(idle.isolates.count == 3 && idle.isolates.allSatisfy { ($0.heapUsed ?? 0) > 1_000_000 }, "\(idle)")
            #expect(idle.rungs.first?.allowed == true, "\(idle)")

            kill(service.supervisor, SIGUSR2)
            let busy = try await eventually("a check beside the capture", within: .seconds(20)) { () -> CheckResult? in
                let check = try await check(pid, in: sandbox)
                return check.rungs.first?.refusal?.code == "busy" ? check : nil
            }
            #expect(busy.isolates.first { $0.main }?.heapUsed ?? 0 > 50_000_000, "\(busy)")
            let before = watch.output.components(separatedBy: #""type":"gc""#).count
            try await eventually("another collection") { watch.output.components(separatedBy: #""type":"gc""#).count > before ? true : nil }
            let record = try await sandbox.record("complete", within: .seconds(180)) { $0.state == "complete" }
            #expect(record.engine == "copyOnWrite" && record.actual?.attempts == 1, "nobody took the agent away: \(record)")
            watch.signal(SIGTERM)
            service.program.signal(SIGTERM)
            _ = try await service.program.end(within: .seconds(60))
        }

        @Test func exactIDsFromOneDumpToTheNext() async throws {
            let sandbox = try Sandbox()
            let run = try sandbox.startHeapsnapd([
                "run", "--set", "watch.triggers=[]", "--", EndToEnd.node(24), "-e", "console.log(process.pid); setInterval(() => {}, 1e6)",
            ])
            let pid = try await eventually("node") { Int32(run.output.trimmingCharacters(in: .whitespacesAndNewlines)) }
            func dump(_ options: String...) async throws -> StoredRecord {
                let outcome = try await sandbox.startHeapsnapd(["dump", "\(pid)", "--json"] + options).end()
                #expect(outcome.status == 0, "\(outcome.output)\(outcome.error)")
                return try JSONDecoder().decode(StoredRecord.self, from: Data(outcome.output.utf8))
            }
            let (first, second) = (try await dump("--exact-ids", "10m"), try await dump("--exact-ids", "5m"))
            #expect(first.lineage?.hasPrefix("exact-\(pid)-") == true && first.lineage == second.lineage, "\(first) \(second)")
            #expect(first.exactIdsUntil != nil && second.exactIdsUntil?.prefix(18) == first.exactIdsUntil?.prefix(18), "never shortened: \(second)")
            #expect(try await check(pid, in: sandbox).isolates.first?.exactIdsUntil?.prefix(18) == first.exactIdsUntil?.prefix(18))
            let plain = try await dump()
            #expect(plain.lineage == "fork-\(plain.id)")
            let last = try await dump("--exact-ids", "0")
            #expect(last.lineage == "fork-\(last.id)" && last.exactIdsUntil == nil)
            try await eventually("the end of the hunt") { try await check(pid, in: sandbox).isolates.first?.exactIdsUntil == nil ? true : nil }
            let another = try await dump("--exact-ids", "1m")
            #expect(another.lineage?.hasPrefix("exact-") == true && another.lineage != first.lineage)
            for bad in ["2h", "-1", "soon", "0.5s"] {
                #expect(try await sandbox.heapsnapd("dump", "\(pid)", "--exact-ids=\(bad)").status == 64, "\(bad)")
            }
            #expect(try await sandbox.heapsnapd("dump", "\(pid)", "--exact-ids", "1m", "--no-copy").status == 64)
            run.signal(SIGTERM)
            _ = try await run.end(within: .seconds(30))
        }
    }
}
