import Foundation
import Testing

extension EndToEnd {
    /// The commands that look, take and put away, as a shell or a script sees them.
    @Suite(.timeLimit(.minutes(5))) struct CommandTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        // MARK: dump and check

        @Test(arguments: EndToEnd.isFull ? [18, 20, 22, 24, 26] : [20, 24]) func dumpWorksWithoutAnyDaemon(node: Int) async throws {
            let target = try await node24(["--heapsnapshot-signal=SIGUSR2"], major: node)
            let check = try await sandbox.heapsnapd("check", "\(target.pid)", "--json")
            let dump = try await sandbox.heapsnapd("dump", "\(target.pid)", "--service", "shop")
            #expect(check.status == 0)
            let result = try JSONDecoder().decode(CheckResult.self, from: Data(check.output.utf8))
            #expect(result.pid == target.pid && result.nodeVersion?.hasPrefix("v\(node).") == true)
            #expect(result.rungs.map(\.rung) == ["copyOnWrite", "signal"] && result.rungs.map(\.allowed) == [false, true])
            #expect(result.rungs[0].refusal?.code == "noAgent")
            #expect(dump.status == 0, "\(dump.error)")
            let record = try #require(try await sandbox.records().last)
            #expect(
                record.state == "complete" && record.service == "shop" && record.pid == target.pid && record.reason == "manual"
                    && record.engine == "signal")
            #expect(dump.output == "\(sandbox.store)/\(try #require(record.file))\n")
            #expect(target.isRunning)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: sandbox.directory).allSatisfy { !$0.hasPrefix("Heap.") },
                "it was taken into the store")
        }

        @Test func checkTouchesNothingAndSaysHowItEnds() async throws {
            let deaf = try await node24([])
            let refused = try await sandbox.heapsnapd("check", "\(deaf.pid)", "--json")
            #expect(refused.status == 3)
            let result = try JSONDecoder().decode(CheckResult.self, from: Data(refused.output.utf8))
            #expect(!result.rungs[1].allowed && result.rungs[1].refusal?.code == "signalNotCaught")
            deaf.signal(SIGKILL)
            try await deaf.end()
            let gone = try await sandbox.heapsnapd("check", "\(deaf.pid)", "--json")
            #expect(gone.status == 4)
            #expect(try failure(gone).code == 4)
            #expect(try await sandbox.records().isEmpty)
        }

        /// Lines of JSON where nobody looks: samples, and what the collector says.
        @Test func watchTellsOfMemoryAndHeap() async throws {
            let target = try sandbox.start(
                [EndToEnd.node(24), "--require", EndToEnd.agent, EndToEnd.program("leak-objects.js")],
                environment: ["RATE_MB": "30", "STOP_MB": "60"])
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            let watch = try sandbox.start([EndToEnd.binary, "watch", "\(target.pid)", "--no-daemon", "--interval", "200ms"])
            struct Line: Decodable {
                struct Heap: Decodable { var used: Int, limit: Int }
                var type: String, pid: Int32, rss: Int?, heap: Heap?, stats: [String: Double]?
            }
            func lines() throws -> [Line] {
                try watch.output.split(separator: "\n").dropLast().map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
            }
            try await eventually("a full collection") { try lines().contains { $0.type == "gc" && $0.stats?["num_full_gc"] ?? 0 >= 1 } ? true : nil }
            try await eventually("a sample with the heap") {
                try lines().contains { $0.type == "sample" && $0.heap?.used ?? 0 > 1_000_000 } ? true : nil
            }
            #expect(try lines().allSatisfy { $0.pid == target.pid })
            target.signal(SIGKILL)
            #expect(try await watch.end().status == 0, "\(watch.error)")
        }

        /// Where no daemon is asked: what one look tells, and an exit status that says so.
        @Test func statusWithoutADaemon() async throws {
            let target = try sandbox.start([EndToEnd.node(24), EndToEnd.program("steady.js")])
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            struct Status: Decodable {
                struct Process: Decodable { var pid: Int32, state: String, rss: Int?, agent: Bool? }
                struct Daemon: Decodable {}
                var daemon: Daemon?, watching: Int, processes: [Process]
            }
            let outcome = try await sandbox.heapsnapd("status", "--no-daemon", "--json")
            #expect(outcome.status == 4)
            let status = try JSONDecoder().decode(Status.self, from: Data(outcome.output.utf8))
            #expect(status.daemon == nil)
            #expect(status.watching == 0)
            let process = try #require(status.processes.first { $0.pid == target.pid })
            #expect(process.state == "unwatched")
            #expect(process.rss ?? 0 > 10_000_000)
            #expect(process.agent == false)
            let table = try await sandbox.heapsnapd("status", "--no-daemon")
            #expect(table.output.hasPrefix("no daemon runs; seen in one look:\nSERVICE"))
            target.signal(SIGKILL)
        }

        /// The pid of npm or of the shell is what people have at hand.
        @Test func theRefusalOfAParentNamesTheNodeBelow() async throws {
            let chain = try sandbox.start(
                [EndToEnd.program("spawn-chain.sh"), "--heapsnapshot-signal=SIGUSR2", EndToEnd.program("steady.js")], environment: path(24))
            try await eventually("the service to listen") { chain.output.contains("listening") ? true : nil }
            let dump = try await sandbox.heapsnapd("dump", "\(chain.pid)", "--json")
            #expect(dump.status == 3)
            let failure = try failure(dump)
            #expect(failure.refusal == "notNode")
            let child = try #require(failure.message.split(separator: " ").last.flatMap { Int32($0) })
            #expect(try await sandbox.heapsnapd("dump", "\(child)").status == 0)
        }

        @Test(arguments: ["handles-usr2.js", "heapdump-standin.js"]) func theApplicationsOwnHandler(program: String) async throws {
            let target = try await node24([], program: program)
            let dump = try await sandbox.heapsnapd("dump", "\(target.pid)", "--handler", "app", "--json")
            #expect(dump.status == 0, "\(dump.output) \(dump.error)")
            #expect(try await sandbox.records().map(\.engine) == ["app"])

            let run = try sandbox.startHeapsnapd(["run", "--no-agent", "--handler", "app", "--", EndToEnd.node(24), EndToEnd.program(program)])
            try await eventually("the service to listen") { run.output.contains("listening") ? true : nil }
            run.signal(SIGUSR2)  // forwarded: the service answers with a file, which is collected
            let record = try await sandbox.record("complete") { $0.state == "complete" && $0.pid != target.pid }
            #expect(record.engine == "app")
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
        }

        @Test func oneCaptureAtATime() async throws {
            let target = try await node24(
                ["--heapsnapshot-signal=SIGUSR2"], program: "leak-objects.js", environment: ["RATE_MB": "200", "STOP_MB": "60"])
            try await Task.sleep(for: .seconds(2))  // 60 MB at 200 MB/s, and some for the start
            let first = try sandbox.startHeapsnapd(["dump", "\(target.pid)", "--json"])
            try await eventually("the capture to run") {
                try FileManager.default.contentsOfDirectory(atPath: sandbox.directory).contains { $0.hasPrefix("Heap.") } ? true : nil
            }
            let second = try await sandbox.heapsnapd("dump", "\(target.pid)", "--json")
            #expect(second.status == 3)
            #expect(try failure(second).refusal == "busy")
            #expect(try await first.end().status == 0)
        }

        // MARK: what was captured

        @Test func theStoreFromTheCommandLine() async throws {
            let target = try await node24(["--heapsnapshot-signal=SIGUSR2"])
            var ids: [String] = []
            for _ in 0..<2 {
                let dump = try await sandbox.heapsnapd("dump", "\(target.pid)", "--json")
                ids.append(try JSONDecoder().decode(StoredRecord.self, from: Data(dump.output.utf8)).id)
                try await Task.sleep(for: .seconds(1.1))  // ids differ by their second first: a prefix of one is not one of the other
            }
            #expect(try await sandbox.records().map(\.id) == ids)
            let newest = try await sandbox.heapsnapd("list", "--limit", "1").output
            #expect(newest.contains(ids[1]) && !newest.contains(ids[0]))

            struct Info: Decodable { var id: String, path: String, openLoans: [String] }
            for name in [ids[1], String(ids[1].prefix(15)), "latest"] {
                let info = try JSONDecoder().decode(Info.self, from: Data(try await sandbox.heapsnapd("info", name, "--json").output.utf8))
                #expect(info.id == ids[1])
                #expect(FileManager.default.fileExists(atPath: info.path))
            }
            let year = String(ids[0].prefix(4))
            let ambiguous = try await sandbox.heapsnapd("info", year)
            #expect(ambiguous.status == 4)
            #expect(ambiguous.error == "heapsnapd: cannot find '\(year)': it could be \(ids[0]), \(ids[1]); give more of the id\n")
            #expect(try await sandbox.heapsnapd("info", "latest~1").output.hasPrefix("id           \(ids[0])\n"))

            let piped = try await sandbox.start(
                ["sh", "-c", "\"$0\" export --snapshot-dir \"$1\" latest -o - > piped", EndToEnd.binary, sandbox.store]
            ).end()
            #expect(piped.status == 0)
            #expect(try ExportedSnapshot(sandbox.path("piped")).isClosed)
            #expect(try await sandbox.heapsnapd("export", "latest").output == "\(ids[1]).heapsnapshot\n")
            #expect(try await sandbox.heapsnapd("export", "latest").status == 1, "it does not overwrite")
            #expect(try await sandbox.heapsnapd("export", "latest", "--force").status == 0)

            let bounds = ["--set", "store.maxCountPerService=1", "--set", "store.keepFree=0%"]
            #expect(try await deleted(["prune", "--dry-run", "--json"] + bounds) == [ids[0]])
            #expect(try await sandbox.records().count == 2)
            #expect(try await deleted(["prune", "--json"] + bounds) == [ids[0]])
            #expect(try await deleted(["delete", "--json", "latest"]) == [ids[1]])
            #expect(try await sandbox.records().isEmpty)
            let files = try FileManager.default.subpathsOfDirectory(atPath: sandbox.store).filter { $0.contains("heapsnapshot") }
            #expect(files == [])
        }

        @Test func theEffectiveConfigurationAndWhereItComesFrom() async throws {
            struct Setting: Decodable { var key: String, value: String, origin: String }
            let file = try sandbox.write("store:\n  maxAge: 7d\n", to: "heapsnapd.yaml")
            let outcome = try await sandbox.heapsnapd(
                "config", "--json", "--config", file, "--set", "capture.maxPause=20s", environment: ["HEAPSNAPD_STORE_MAX_USE": "2G"])
            let settings = try JSONDecoder().decode([Setting].self, from: Data(outcome.output.utf8))
            func setting(_ key: String) -> String? { settings.first { $0.key == key }.map { "\($0.value) \($0.origin)" } }
            #expect(setting("store.maxAge") == "7d \(file):2:11")
            #expect(setting("store.maxUse") == "2G HEAPSNAPD_STORE_MAX_USE")
            #expect(setting("capture.maxPause") == "20s command line")
            #expect(setting("capture.stallTimeout") == "10s default")
            #expect(try await sandbox.heapsnapd("version", "--json").output.contains("\"version\""))
        }

        // MARK: words

        @Test(arguments: [
            ["--help"], ["run", "--help"], ["dump", "--help"], ["check", "--help"], ["watch", "--help"], ["list", "--help"], ["info", "--help"],
            ["export", "--help"], ["status", "--help"], ["reload", "--help"],
            ["delete", "--help"], ["prune", "--help"], ["config", "--help"], ["version", "--help"],
        ])
        func helpHasExamples(arguments: [String]) async throws {
            let outcome = try await sandbox.start([EndToEnd.binary] + arguments).end()
            #expect(outcome.status == 0)
            #expect(outcome.error == "")
            #expect(outcome.output.contains("USAGE: heapsnapd"))
            if arguments != ["version", "--help"] { #expect(outcome.output.contains("EXAMPLES")) }
        }

        /// Exact words and statuses: people and scripts know them.
        @Test(arguments: [
            (["info", "nothing"], 4, "heapsnapd: cannot find 'nothing': no such snapshot; `heapsnapd list` shows all\n"),
            (["dump", "4194305"], 4, "heapsnapd: no process 4194305; ps shows those that run\n"),
            (
                ["dump", "shop", "--no-daemon"], 4,
                "heapsnapd: cannot find service shop: only the daemon knows services by name, and it is not asked; name a process\n"
            ),
            (["watch", "--no-daemon"], 4, "heapsnapd: cannot watch all: no daemon is asked; name a process, or start the daemon\n"),
            (
                ["reload", "--socket", "/nonexistent/control.sock"], 1,
                "heapsnapd: cannot ask the daemon at /nonexistent/control.sock: nobody listens there; systemctl start heapsnapd\n"
            ),
            (["config", "--set", "foo=1"], 64, "heapsnapd: command line: unknown key 'foo'; see `heapsnapd config` for all there are\n"),
            (
                ["config", "--set", "store.maxUse=12Q"], 64,
                "heapsnapd: command line: cannot read store.maxUse: '12Q' does not fit; write a size like 512MiB, 10G or 1000000\n"
            ),
            (["run", "--", "/nonexistent"], 127, "heapsnapd: error: cannot start /nonexistent: no such program; check its name and PATH\n"),
        ]) func errors(arguments: [String], status: Int32, words: String) async throws {
            _ = try sandbox.makeDirectory("store", mode: 0o700)
            let outcome = try await sandbox.startHeapsnapd(arguments).end()
            #expect(outcome.status == status)
            #expect(outcome.error.hasSuffix(words), "\(outcome.error)")
        }

        @Test func usageIsAnErrorOfItsOwnKind() async throws {
            for arguments in [["frob"], ["dump"], ["dump", ""], ["list", "--nope"], ["run"]] {
                let outcome = try await sandbox.start([EndToEnd.binary] + arguments).end()
                #expect(outcome.status == 64, "\(arguments)")
                #expect(outcome.error.contains("Usage: heapsnapd"))
            }
            #expect(try failure(try await sandbox.start([EndToEnd.binary, "list", "--nope", "--json"]).end()).code == 64)
        }

        // MARK: steps

        private func node24(_ flags: [String], program: String = "steady.js", major: Int = 24, environment: [String: String] = [:]) async throws
            -> Program
        {
            let target = try sandbox.start([EndToEnd.node(major)] + flags + [EndToEnd.program(program)], environment: environment)
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            return target
        }

        private func path(_ major: Int) throws -> [String: String] {
            let directory = URL(filePath: try EndToEnd.node(major)).deletingLastPathComponent().path
            return ["PATH": "\(directory):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
        }

        private struct Deleted: Decodable { var deleted: [String] }

        private func deleted(_ arguments: [String]) async throws -> [String] {
            let outcome = try await sandbox.startHeapsnapd(arguments).end()
            return try JSONDecoder().decode(Deleted.self, from: Data(outcome.output.utf8)).deleted
        }

        private func failure(_ outcome: Program.Outcome) throws -> Failure.Body {
            try JSONDecoder().decode(Failure.self, from: Data(outcome.output.utf8)).error
        }
    }
}
