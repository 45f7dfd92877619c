import Foundation
import Linux
import Testing

extension EndToEnd {
    /// Rung 1b: where cgroups are read-only the copy stays in the service's own, and is what the kernel kills at the limit.
    @Suite(.timeLimit(.minutes(5))) struct SharedCgroupTests {
        @Test func aCopyThatFits() async throws {
            let service = try await start(limit: "2G")
            let before = try #require(try await service.health())
            kill(service.supervisor, SIGUSR2)
            let record = try await service.snapshot()
            #expect(record.engine == "copyOnWrite" && record.rungs?.map(\.rung) == ["copyOnWriteShared"], "\(record)")
            #expect(record.oomKilledCopies == nil)
            #expect(try await service.health()?.pid == before.pid)
            kill(service.supervisor, SIGTERM)
            #expect(try await service.program.end().error.contains(" 0 OOM kills"))
        }

        /// Foreseen, it is refused. With the risk accepted the copy dies, the service does not, and its own later death is not taken for the copy's.
        @Test func aCopyThatDoesNotFit() async throws {
            let service = try await start(limit: "260M")
            let before = try #require(try await service.health())
            kill(service.supervisor, SIGUSR2)
            let refused = try await service.sandbox.record("refused") { $0.state == "refused" }
            #expect(refused.rungs?.first { $0.rung == "copyOnWrite" }?.skipped?.code == "doesNotFit", "\(refused)")

            let dump = try await service.sandbox.start([
                "nsenter", "-t", "\(service.supervisor)", "-m", try EndToEnd.binary, "dump", "\(before.pid)", "--snapshot-dir", service.sandbox.store,
                "--isolate", "0", "--accept-risk", "--json",
            ]).end()
            #expect(dump.status == 3, "\(dump.output)\(dump.error)")
            let risked = try #require(try await service.sandbox.records().first { $0.reason == "manual" })
            #expect(risked.oomKilledCopies == 1, "\(risked)")
            #expect(risked.refusal?.message.contains("the kernel killed it for the limit of the service's cgroup") == true)
            #expect(try await service.health()?.pid == before.pid)

            // `run` takes its agent back when it has seen the end of the other capture.
            try await eventually("the agent to be taken back") {
                service.program.error.components(separatedBy: " in process \(before.pid)\n").count > 2 ? true : nil
            }
            kill(before.pid, SIGKILL)
            let outcome = try await service.program.end()
            #expect(outcome.status == 137)
            #expect(outcome.error.contains(" 1 OOM kills"), "the kernel's count holds the copy's")
            let death = try #require(try await service.sandbox.records().first { $0.reason == "death" })
            #expect(death.exit?.cause == "signal", "\(death)")
        }

        private func start(limit: String) async throws -> ContainedService {
            let service = try await ContainedService.start(
                "leak-objects.js", node: 24, in: Sandbox(), limit: limit, run: ["--set", "watch.triggers=[]"], flags: ["--max-old-space-size=400"],
                environment: ["RATE_MB": "100", "STOP_MB": "40"], agent: true, cgroupsReadOnly: true)
            try await eventually("the heap") { try await service.health().map { $0.heapUsed > 50_000_000 } == true ? true : nil }
            return service
        }
    }
}
