public import ArgumentParser
public import Control
import Glibc
import Units

/// Where the daemon is asked, for the commands that it does better.
struct DaemonOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Ask the daemon that listens here; default: $XDG_RUNTIME_DIR/heapsnapd/control.sock, then /run/heapsnapd/control.sock.", valueName: "path"
        ))
    var socket: String?

    /// A user's own daemon before the host's; for root there is one.
    private var paths: [String] {
        if let socket { return [socket] }
        let own = geteuid() == 0 ? nil : getenv("XDG_RUNTIME_DIR").map { String(cString: $0) }
        return (own.map { [$0 + "/heapsnapd/control.sock"] } ?? []) + ["/run/heapsnapd/control.sock"]
    }

    /// - Returns: the last answer; nil where no daemon listens.
    func ask(_ request: ControlRequest, patience: Duration? = nil, heard: @escaping @Sendable (ControlReply) -> Void = { _ in })
        async throws(ControlFailure) -> ControlReply?
    {
        for path in paths {
            if let last = try await ControlClient(path: path).ask(request, patience: patience, heard: heard) { return last }
        }
        // A socket that was named is meant.
        if let socket { throw ControlFailure("cannot ask the daemon at \(socket): nobody listens there; systemctl start heapsnapd") }
        return nil
    }
}

/// For the commands that work alone, too.
struct LoneOptions: ParsableArguments {
    @OptionGroup var daemon: DaemonOptions
    @Flag(help: "Work alone, without the daemon.") var noDaemon = false

    /// - Returns: nil: none is there, or to be asked.
    func ask(_ request: ControlRequest, patience: Duration? = nil, heard: @escaping @Sendable (ControlReply) -> Void = { _ in })
        async throws(ControlFailure) -> ControlReply?
    {
        noDaemon ? nil : try await daemon.ask(request, patience: patience, heard: heard)
    }
}

extension ControlTarget: ExpressibleByArgument {
    public init?(argument: String) {
        if argument.isEmpty { return nil }
        self = Int32(argument).map { .process(ProcessID($0)) } ?? .service(argument)
    }
}
