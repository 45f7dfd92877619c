import Glibc
import Linux
import Systemd
import Units

/// The room `Systemd` on a real systemd, for the scenarios that the daemon's own do not cover. Prints what it saw.
@main
struct SystemdProbe {
    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        switch arguments.first {
        case "service": try await service()
        case "hook": try await hook(Array(arguments.dropFirst()))
        case "changes": try await changes(until: arguments.dropFirst().first ?? "")
        case "event": try event(unit: arguments.dropFirst().first ?? "")
        default: exit(64)
        }
    }

    /// A service of Type=notify: says what it was given, stores a descriptor, and feeds the watchdog while /run/hang is not there.
    private static func service() async throws {
        let activation = Activation.take()
        let variables = ["NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_USEC"]
        say("given: \(activation.descriptors.map(\.name).sorted()) watchdog \(activation.watchdogInterval?.text ?? "none")")
        say("environment is clean: \(variables.allSatisfy { getenv($0) == nil })")
        guard let notification = activation.notification, let interval = activation.watchdogInterval else { exit(1) }
        let isFirst = !activation.descriptors.contains { $0.name == "kept" }
        if isFirst { try notification.send(.storeDescriptors([widePipe().read], name: "kept")) }
        try notification.send(.ready, .status("probing"))
        while true {
            try await Task.sleep(for: interval / 2)
            if access("/run/hang", F_OK) != 0 { try notification.send(.watchdog) }
        }
    }

    /// At once, whoever reads.
    private static func say(_ what: Any) {
        let line = Array("\(what)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }

    /// NAME TIMEOUT WORD…
    private static func hook(_ words: [String]) async throws {
        let service = TransientService(
            name: words[0], description: "A hook of the probe", command: Array(words.dropFirst(2)), environment: ["HEAPSNAPD_SERVICE": "a b%c$d"],
            timeout: Duration(text: words[1])!, memoryMax: .mebibytes(64))
        say(try await service.run())
    }

    private static func changes(until unit: String) async throws {
        let changes = try UnitChange.stream()
        say("listening")
        for await change in changes {
            say(change)
            if case .unloaded(unit) = change { return }
        }
        say("ended")
    }

    private static func event(unit: String) throws {
        let about: [JournalField: String] = [.service: "shop", .unit: unit, .snapshot: "20261121T062837-dfea7328"]
        try Journal.send(JournalEntry("an event of the probe", priority: .notice, event: .captured, about: about))
    }
}
