import Foundation
import Testing

extension EndToEnd {
    /// `run` of commands that are not node themselves: its flags travel through NODE_OPTIONS, and the node that matters is found below.
    @Suite(.timeLimit(.minutes(5))) struct LaunchTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        @Test func throughAShellIntoADirectoryWithSpaces() async throws {
            let directory = try sandbox.makeDirectory("my \"own\" snapshots \\ here")
            let record = try await captured(by: ["--diagnostic-dir", directory, "--", "sh", "-c", "node \(EndToEnd.program("steady.js")); exit $?"])
            #expect(record.engine == "signal")
            #expect(record.node?.arguments == ["node", EndToEnd.program("steady.js")])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [], "taken into the store")
        }

        /// npm is a node process itself, and so may be the largest; it is never the one. Its stand-in and the real one, of the wheels.
        @Test(arguments: ["npm-standin", "npm"]) func throughNpm(kind: String) async throws {
            let application = try sandbox.makeDirectory("application")
            try sandbox.write(#"{"name": "shop", "scripts": {"start": "node \#(EndToEnd.program("steady.js"))"}}"#, to: "application/package.json")
            let npm = kind == "npm" ? "npm" : EndToEnd.program("npm-standin/npm")
            let record = try await captured(by: ["--", npm, "start"], in: application)
            #expect(record.service == "shop")
            #expect(record.node?.arguments == ["node", EndToEnd.program("steady.js")])
            #expect(record.candidates?.first(where: \.chosen)?.pid == record.pid)
        }

        @Test func theLargestWorkerOfACluster() async throws {
            let record = try await captured(
                by: ["--set", "watch.triggers=[]", "--", EndToEnd.node(24), EndToEnd.program("cluster.js")],
                environment: ["RATE_MB": "100", "STOP_MB": "60", "PORT_FILE": sandbox.path("port")], afterMegabytes: 60)
            #expect(record.candidates?.count == 3)
            #expect(record.bytes ?? 0 > 60_000_000)
        }

        /// What the user asked for stays: here no snapshot by SIGUSR2, another number near the limit, another directory.
        @Test func theUsersOwnFlagsWin() async throws {
            let own = try sandbox.makeDirectory("own")
            let record = try await captured(
                by: ["--", EndToEnd.node(24), "--diagnostic-dir=\(own)", "--heapsnapshot-near-heap-limit=7", EndToEnd.program("steady.js")])
            let arguments = try #require(record.node?.arguments)
            #expect(arguments.filter { $0.hasPrefix("--diagnostic-dir") } == ["--diagnostic-dir=\(own)"])
            #expect(arguments.filter { $0.hasPrefix("--heapsnapshot-near-heap-limit") } == ["--heapsnapshot-near-heap-limit=7"])
            #expect(arguments.contains("--heapsnapshot-signal=SIGUSR2"))
        }

        /// `process.title` writes over the command line, which hides the flags from everybody but the one who gave them.
        @Test func aTitleDoesNotHideTheFlagsThatWeGave() async throws {
            let program = try sandbox.write("process.title = 'shop'; setInterval(() => {}, 1000); console.log('listening')", to: "titled.js")
            let record = try await captured(by: ["--", EndToEnd.node(24), program])
            #expect(record.engine == "signal")
        }

        /// Node below a shell that starts it again: each end leaves a record, also the one whose status is the shell's.
        @Test func everyDeathBelowAShellLeavesARecord() async throws {
            let once = "\(try EndToEnd.node(24)) -e 'setTimeout(() => process.abort(), 1500)'"
            let run = try sandbox.startHeapsnapd(["run", "--", "sh", "-c", "\(once); \(once); exit 3"])
            #expect(try await run.end().status == 3)
            let deaths = try await sandbox.records().filter { $0.reason == "death" }
            #expect(deaths.count == 2 && Set(deaths.map(\.pid)).count == 2)
        }

        /// Runs it, asks for a capture by a signal to heapsnapd, and ends it.
        private func captured(
            by arguments: [String], in directory: String? = nil, environment: [String: String] = [:], afterMegabytes: Int = 0
        ) async throws -> StoredRecord {
            let nodes = URL(filePath: try EndToEnd.node(24)).deletingLastPathComponent().path
            let path = ["PATH": "\(nodes):\(ProcessInfo.processInfo.environment["PATH"] ?? "")"]
            let run = try sandbox.startHeapsnapd(["run", "--no-agent"] + arguments, environment: path.merging(environment) { $1 }, in: directory)
            try await eventually("the service to listen", within: .seconds(30)) { run.output.contains("listening") ? true : nil }
            if afterMegabytes > 0 { try await Task.sleep(for: .seconds(3)) }
            run.signal(SIGUSR2)
            let record = try await sandbox.record("complete") { $0.state == "complete" }
            run.signal(SIGTERM)
            let outcome = try await run.end()
            #expect([0, 143].contains(outcome.status), "\(outcome.error)")
            return record
        }
    }
}
