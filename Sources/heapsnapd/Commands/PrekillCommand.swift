import ArgumentParser
import Glibc
import Linux
import Node
import Supervisor
import SystemPackage
import Units

struct PrekillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prekill", abstract: "Take a snapshot of a process that somebody is about to kill for its memory.",
        discussion: """
            To be called by earlyoom (-P), oomd, systemd-oomd or a script. Takes the snapshot as heapsnapd dump does, by a copy that the killing does not reach: through
            the daemon where it runs. A snapshot that is not stored within the time goes on beside the killing; the kernel's next victim would be the copy.

            Never in place, unless --in-place is given: that needs more memory in the moment that has none.

            EXAMPLES
              heapsnapd prekill                                        in the script that earlyoom -P names; it sets EARLYOOM_PID
              heapsnapd prekill --pid 4711 --within 2s
              heapsnapd prekill --cgroup /system.slice/shop.service    the largest Node process in it
              heapsnapd prekill --varlink                              systemd-oomd's hook on standard input and output: docs/guide/hooks.md

            EXIT STATUS
              0 whatever came of it, after --within at the latest: the killer may go on. 64 for a mistake in the options.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var daemon: LoneOptions
    @Option(help: ArgumentHelp("Who will be killed; default: $EARLYOOM_PID.", valueName: "pid")) var pid: Int32?
    @Option(help: ArgumentHelp("Or the cgroup that will be killed.", valueName: "path")) var cgroup: String?
    @Flag(help: "Or the cgroup that systemd-oomd names on standard input; it is answered there.") var varlink = false
    @Option(help: ArgumentHelp("The killer's patience.", valueName: "duration")) var within = "5s"
    @Flag(help: "Where no copy can be made, stop the process for its snapshot.") var inPlace = false

    func validate() throws {
        guard let limit = Duration(text: within), limit >= .milliseconds(100), limit <= .seconds(60) else {
            throw ValidationError("--within: '\(within)' is no time between 100ms and 60s")
        }
        guard [pid != nil, cgroup != nil, varlink].count(where: \.self) <= 1 else {
            throw ValidationError("--pid, --cgroup and --varlink exclude each other; keep one of them")
        }
    }

    func run() throws {
        let limit = Duration(text: within) ?? .seconds(5)
        let deadline = SystemClock.monotonic() + limit
        // A little earlier than asked: for our own end.
        exitSuccessfully(after: limit - .milliseconds(50))
        if varlink {
            guard let bytes = PrekillCall.read(), let call = try? PrekillCall.parse(bytes) else { return say("that was no call of Varlink's") }
            if let cgroup = call.cgroup { capture(.cgroup(cgroup), until: deadline - .milliseconds(200)) }
            if let reply = call.reply { _ = write(STDOUT_FILENO, reply, reply.count) }
        } else if let cgroup {
            capture(.cgroup(cgroup), until: deadline - .milliseconds(100))
        } else if let pid = pid ?? getenv("EARLYOOM_PID").flatMap({ Int32(String(cString: $0)) }) {
            capture(.process(ProcessID(pid)), until: deadline - .milliseconds(100))
        } else {
            throw ValidationError("who will be killed? heapsnapd prekill --pid PID, --cgroup PATH, or EARLYOOM_PID in the environment")
        }
    }

    /// By `heapsnapd dump` in a process of its own, which goes on when we have to answer.
    private func capture(_ victim: Victim, until deadline: Duration) {
        do {
            guard let node = try victim.node(in: ProcessTable()) else { return say("nothing to capture: no Node process there") }
            let pid = node.identity.pid
            let null = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
            let dump = try spawn(
                SpawnRequest(executable: "/proc/self/exe", arguments: dumpArguments(pid), standardInput: null, standardOutput: .standardError))
            switch try dump.status(within: deadline - SystemClock.monotonic()) {
            case .exited(0)?: say("the snapshot of process \(pid) is stored")
            case let status?: say("no snapshot of process \(pid): heapsnapd dump ended with \(status.shellStatus)")
            case nil: say("the snapshot of process \(pid) is not stored yet; heapsnapd dump (process \(dump.pid)) goes on")
            }
        } catch { say("nothing captured: \(error)") }
    }

    private func dumpArguments(_ pid: ProcessID) -> [String] {
        var arguments = ["dump", "\(pid)", "--reason", "somebody was about to kill it for its memory"]
        if !inPlace { arguments.append("--no-in-place") }
        if daemon.noDaemon { arguments.append("--no-daemon") }
        for (name, value) in [
            ("--socket", daemon.daemon.socket), ("--config", options.configurationFile), ("--snapshot-dir", options.snapshotDirectory),
        ] {
            if let value { arguments += [name, value] }
        }
        for setting in options.settings { arguments += ["--set", setting] }
        return arguments
    }

    private func say(_ line: String) { Terminal.printError("heapsnapd prekill: \(line)") }
}
