import Foundation
import Testing

extension EndToEnd {
    /// The duties of `heapsnapd run` as parent, pid 1 and member of a terminal session. Needs root for `unshare`.
    @Suite(.timeLimit(.minutes(2))) struct SupervisorEndToEndTests {
        // MARK: exit status

        @Test func all256ExitCodes() async throws {
            let outcome = try await shell("seq 0 255 | xargs -P 4 -I{} sh -c '$RUN -- sh -c \"exit {}\"; echo {} $?'")
            #expect(lines(outcome) == Set((0..<256).map { "\($0) \($0)" }))
        }

        /// signal(7): those that end a process by default; 32 and 33 belong to the C library.
        @Test func everyDeathBySignal() async throws {
            let ignoredOrStopping: Set = [17, 18, 19, 20, 21, 22, 23, 28, 32, 33]
            let signals = (1...64).filter { !ignoredOrStopping.contains($0) }
            let outcome = try await shell(
                "ulimit -c 0; for n in \(list(signals)); do echo $n; done | xargs -P 4 -I{} sh -c '$RUN -- sh -c \"kill -{} \\$\\$\"; echo {} $?'")
            #expect(lines(outcome) == Set(signals.map { "\($0) \($0 + 128)" }))
        }

        @Test func whatCannotStart() async throws {
            let outcome = try await shell(
                """
                $RUN -- /nonexistent; echo $?
                $RUN -- no-such-command-in-path; echo $?
                $RUN -- /etc/passwd; echo $?
                $RUN -- /; echo $?
                """)
            #expect(outcome.output == "127\n127\n126\n126\n")
            #expect(outcome.error.contains("cannot start /nonexistent: "))
        }

        @Test func theStatusSurvivesClosedStandardDescriptors() async throws {
            let outcome = try await shell(
                """
                exec 3>&1
                $RUN -- sh -c 'exit 6' <&- >&- 2>&-; echo $? >&3
                $RUN --tail-stderr -- sh -c 'echo into the void >&2; exit 7' <&- >&- 2>&-; echo $? >&3
                $RUN --tail-stderr -- sh -c 'head -c 500000 /dev/zero >&2; exit 8' 2> >(exec 0<&-; exit); echo $? >&3
                """)
            #expect(outcome.output == "6\n7\n8\n")
        }

        /// What we open first must not become the service's standard input or error.
        @Test func closedStandardDescriptorsAreFilled() async throws {
            let outcome = try await shell(
                """
                $RUN -- sh -c 'for n in 0 2; do readlink /proc/$$/fd/$n; done > $DIR/found' <&- >&- 2>&-
                cat $DIR/found
                """)
            #expect(outcome.output == "/dev/null\n/dev/null\n")
        }

        @Test func grandchildrenThatHoldThePipeHoldNobodyUp() async throws {
            let outcome = try await shell("$RUN --tail-stderr -- sh -c 'sleep 600 & echo $!; exit 8'; echo $?")
            let numbers = outcome.output.split(separator: "\n").compactMap { Int32($0) }
            try #require(numbers.count == 2)
            #expect(numbers[1] == 8)
            #expect(kill(numbers[0], SIGKILL) == 0, "it still runs: we didn't wait for it, nor kill it")
        }

        // MARK: signals

        /// All but SIGKILL, SIGSTOP, SIGCHLD, the two requests for a capture, those that tell of a fault, and the C library's own.
        private let forwarded = (1...64).filter { ![4, 5, 6, 7, 8, 9, 10, 11, 12, 15, 17, 19, 31, 32, 33].contains($0) }

        @Test func everySignalIsForwarded() async throws {
            #expect(try await forward(forwarded, options: "") == forwarded + [15, 0])
        }

        @Test func userSignalsAreForwardedToAnApplicationThatHandlesThem() async throws {
            #expect(try await forward([10, 12], options: "--handler app") == [10, 12, 15, 0])
        }

        /// Its default action would kill the service: 140.
        @Test func sigusr2IsARequestAndNeverReachesTheService() async throws {
            let outcome = try await shell(
                """
                mkfifo $DIR/ready
                $RUN -- bash -c 'trap "exit 5" TERM; echo > $DIR/ready; while :; do sleep 0.01; done' &
                read < $DIR/ready
                kill -USR2 $!; kill -TERM $!
                wait $!; echo $?
                """)
            #expect(outcome.output == "5\n")
        }

        private func forward(_ signals: [Int], options: String) async throws -> [Int] {
            let script = try ShellScript("python3 $DIR/sender.py \"$RUN \(options) -- python3 $DIR/recorder.py\" \(list(signals))")
            try script.write(PythonPrograms.signalSender, to: "sender.py")
            try script.write(PythonPrograms.signalRecorder, to: "recorder.py")
            return try await script.run().output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        }

        // MARK: pid 1 and orphans

        /// 300 orphans; ends when `heapsnapd run`, their parent now, has no child left but this script, not even a zombie.
        private let orphans = """
            for i in $(seq 300); do (/bin/true &); done
            until [ $(ps -o pid= --ppid $PPID | wc -l) = 1 ]; do sleep 0.01; done
            exit 9
            """

        @Test func reapsOrphansAsPid1() async throws {
            let outcome = try await shell(
                """
                unshare --pid --fork --mount-proc $RUN -- bash -c 'echo $PPID; \(orphans)'; echo $?
                """)
            #expect(outcome.output == "1\n9\n")
        }

        @Test func reapsOrphansAsSubreaper() async throws {
            let outcome = try await shell(
                """
                $RUN -- bash -c '(sleep 0.2 & echo $! > $DIR/orphan); [ $(ps -o ppid= $(cat $DIR/orphan)) = $PPID ] && echo adopted; \(orphans)'; echo $?
                """)
            #expect(outcome.output == "adopted\n9\n")
        }

        /// The kernel drops signals without handler for a pid 1; both from inside and from outside of its namespace.
        @Test func forwardsAsPid1() async throws {
            let service = "bash -c 'trap \"exit 33\" TERM; echo > $DIR/ready; while :; do sleep 0.01; done'"
            let outcome = try await shell(
                """
                mkfifo $DIR/ready
                unshare --pid --fork --mount-proc $RUN -- \(service) &
                read < $DIR/ready
                kill -TERM $(pgrep -P $!); wait $!; echo $?
                unshare --pid --fork --mount-proc $RUN -- bash -c 'trap "exit 34" TERM; kill -TERM 1; while :; do sleep 0.01; done'; echo $?
                """)
            #expect(outcome.output == "33\n34\n")
        }

        // MARK: standard streams and terminal

        @Test func inputAndOutputPassThrough() async throws {
            let outcome = try await shell(
                "head -c 3000000 /dev/urandom > $DIR/in; $RUN -- cat < $DIR/in > $DIR/out; cmp $DIR/in $DIR/out && echo same")
            #expect(outcome.output == "same\n")
        }

        @Test(arguments: ["", "--tail-stderr"]) func standardErrorPassesThroughUnchanged(options: String) async throws {
            let outcome = try await shell(
                """
                seq -f 'line %g' 100000 > $DIR/in
                $RUN \(options) -- sh -c 'cat $DIR/in >&2' 2> $DIR/err
                grep '^line' $DIR/err | cmp - $DIR/in && echo same
                """)
            #expect(outcome.output == "same\n")
        }

        @Test func theServiceHoldsTheTerminal() async throws {
            let script = try ShellScript("REPORT=3 python3 $DIR/shell.py $RUN -- python3 $DIR/job.py 3>&1")
            try script.write(PythonPrograms.jobControlShell, to: "shell.py")
            try script.write(PythonPrograms.foregroundJob, to: "job.py")
            let outcome = try await script.run()
            #expect(
                outcome.output == """
                    stopped True
                    terminal back from the service True
                    exit 130
                    terminal back at the end True

                    """)
        }

        // MARK: restart

        @Test(arguments: [("no", "exit 3", 1), ("on-failure", "exit 0", 1), ("on-failure", "exit 3", 5), ("always", "exit 0", 5)])
        func restartsUpToTheStartLimit(policy: String, command: String, starts: Int) async throws {
            let outcome = try await shell("$RUN --restart \(policy) -- sh -c 'echo start; \(command)'; echo $?")
            #expect(outcome.output == String(repeating: "start\n", count: starts) + "\(command.suffix(1))\n")
        }

        @Test func aStopEndsEvenWhatAlwaysRestarts() async throws {
            let outcome = try await shell(
                """
                mkfifo $DIR/ready
                $RUN --restart always -- bash -c 'trap "exit 4" TERM; echo > $DIR/ready; while :; do sleep 0.01; done' &
                read < $DIR/ready
                kill -TERM $!; wait $!; echo $?
                """)
            #expect(outcome.output == "4\n")
        }

        private func shell(_ text: String) async throws -> ShellScript.Outcome { try await ShellScript(text).run() }
        private func lines(_ outcome: ShellScript.Outcome) -> Set<String> { Set(outcome.output.split(separator: "\n").map(String.init)) }
        private func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: " ") }
    }
}
