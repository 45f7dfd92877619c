import Foundation
import Linux
import Testing

extension EndToEnd {
    /// A signal that is not safe is never sent. Each target either dies of SIGUSR2 or says that it got one.
    @Suite(.timeLimit(.minutes(5))) struct NeverSignalledTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        @Test func nodeWithoutHandler() async throws {
            let target = try await node([])
            try await expectRefused(target, "signalNotCaught")
        }

        /// A handler of its own, of which nothing says that it takes snapshots.
        @Test func nodeWithAHandlerOfItsOwn() async throws {
            let target = try await node([], program: "handles-usr2.js")
            try await expectRefused(target, "signalNotAskedFor")
            #expect(!target.output.contains("wrote"))
        }

        @Test func nodeWhoseFlagsAreOverwrittenByItsTitle() async throws {
            let script = try sandbox.write("process.title = 'shop'; require('\(EndToEnd.program("service.js"))').serve();", to: "title.js")
            let target = try await listening([EndToEnd.node(24), "--heapsnapshot-signal=SIGUSR2", script])
            try await expectRefused(target, "flagsUnreadable")
        }

        /// Node's permission model: the write inside the handler would be an uncaught exception.
        @Test func nodeThatMayNotWrite() async throws {
            let target = try await node(["--heapsnapshot-signal=SIGUSR2", "--permission", "--allow-fs-read=*"])
            try await expectRefused(target, "permissionModel")
        }

        /// Before its handler is up, the default action would kill it: 20 of them between 0 and 50 ms old.
        @Test func nodeThatHasJustStarted() async throws {
            let node = try EndToEnd.node(24)
            for delay in 0..<20 {
                let target = try sandbox.start([
                    node, "--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=\(sandbox.directory)", EndToEnd.program("steady.js"),
                ])
                try await Task.sleep(for: .microseconds(2_500 * delay))
                let dump = try await sandbox.heapsnapd("dump", "\(target.pid)", "--json")
                #expect([0, 3].contains(dump.status), "\(dump.output)")
                #expect(target.isRunning)
                target.signal(SIGKILL)
                try await target.end()
            }
        }

        /// It is called node and it catches SIGUSR2.
        @Test func impostorWithAHandler() async throws {
            let target = try await ready([try sandbox.buildImpostor()])
            try await expectRefused(target, "notNode")
            #expect(target.output == "ready\n")
        }

        @Test(arguments: ["", "trap 'echo signalled' USR2; "]) func shell(trap: String) async throws {
            let target = try await ready(["/bin/sh", "-c", "\(trap)echo ready; while :; do sleep 0.05; done"])
            try await expectRefused(target, "notNode")
            #expect(target.output == "ready\n")
        }

        @Test func aUserWhoCannotWriteTheDirectory() async throws {
            let own = try sandbox.makeDirectory("own", mode: 0o777)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: sandbox.directory)
            let node = sandbox.path("node")  // root's home directory is closed to others
            try FileManager.default.copyItem(atPath: EndToEnd.node(24), toPath: node)
            let script = try sandbox.write("setInterval(() => {}, 1000); console.log('listening');", to: "service.js")
            let nobody = SpawnRequest.User(uid: 65534, gid: 65534)
            let target = try sandbox.start(
                [node, "--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=\(try sandbox.makeDirectory("roots", mode: 0o700))", script], in: own,
                user: nobody)
            try await eventually("node to be up") { target.output.isEmpty ? nil : true }
            try await expectRefused(target, "directoryNotWritable")
        }

        /// Between the decision and the signal the process is replaced by another with its pid: strace holds heapsnapd up as it opens the pidfd.
        /// The impostor catches SIGUSR2, so that only the identity can tell.
        @Test func aPidThatWasReused() async throws {
            let script = """
                \(try EndToEnd.node(24)) --heapsnapshot-signal=SIGUSR2 --diagnostic-dir=$DIR \(EndToEnd.program("steady.js")) > $DIR/listening & node=$!
                until [ -s $DIR/listening ]; do sleep 0.02; done
                strace -f -o $DIR/trace -e trace=pidfd_open -e inject=pidfd_open:delay_enter=3000000 \
                    \(try EndToEnd.binary) dump --snapshot-dir $DIR/store $node --json > $DIR/dump & dump=$!
                until grep -q "pidfd_open($node" $DIR/trace; do sleep 0.02; done
                kill -KILL $node; wait $node
                echo $((node - 1)) > /proc/sys/kernel/ns_last_pid
                \(try sandbox.buildImpostor()) > $DIR/words & impostor=$!
                until [ -s $DIR/words ]; do sleep 0.02; done
                wait $dump; echo "dump $?"
                [ $impostor = $node ] && echo reused
                kill -0 $impostor && echo survived
                """
            let outcome = try await sandbox.start(
                ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", script], environment: ["DIR": sandbox.directory]
            ).end()
            #expect(outcome.output == "dump 5\nreused\nsurvived\n", "\(outcome.error)")
            #expect(try String(contentsOfFile: sandbox.path("words"), encoding: .utf8) == "ready\n")
        }

        // MARK: steps

        private func node(_ flags: [String], program: String = "steady.js") async throws -> Program {
            try await listening([EndToEnd.node(24)] + flags + [EndToEnd.program(program)])
        }

        private func listening(_ command: [String]) async throws -> Program {
            let target = try sandbox.start(command)
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            return target
        }

        private func ready(_ command: [String]) async throws -> Program {
            let target = try sandbox.start(command)
            try await eventually("the process to be ready") { target.output.contains("ready") ? true : nil }
            return target
        }

        private func expectRefused(_ target: Program, _ refusal: String) async throws {
            for options in [[], ["--accept-risk"]] {
                let dump = try await sandbox.startHeapsnapd(["dump", "\(target.pid)", "--json"] + options).end()
                #expect(dump.status == 3, "\(dump.output) \(dump.error)")
                let failure = try JSONDecoder().decode(Failure.self, from: Data(dump.output.utf8)).error
                #expect(failure.refusal == refusal, "\(failure.message)")
                #expect(failure.code == 3)
            }
            // A signal that was sent would have been taken by now: the dump is over.
            #expect(target.isRunning)
            let snapshots = try FileManager.default.subpathsOfDirectory(atPath: sandbox.directory).filter { $0.hasSuffix(".heapsnapshot") }
            #expect(snapshots == [])
            let check = try await sandbox.heapsnapd("check", "\(target.pid)", "--json")
            #expect(check.status == 3)
        }
    }
}

extension Sandbox {
    /// Tests/Support/programs/bun-standin: called node, catches SIGUSR2, is not Node.
    func buildImpostor() throws -> String {
        let path = try makeDirectory("impostor") + "/node"
        guard !FileManager.default.fileExists(atPath: path) else { return path }
        let compiler = Process()
        compiler.executableURL = URL(filePath: "/usr/bin/cc")
        compiler.arguments = ["-o", path, EndToEnd.program("bun-standin/node.c")]
        try compiler.run()
        compiler.waitUntilExit()
        try #require(compiler.terminationStatus == 0)
        return path
    }
}
