import CSystemd
import Glibc
public import Units

/// A command that systemd runs once, outside of our cgroup, our sandbox and our life: a service of its own, with its output in the journal under
/// `heapsnapd-hook`.
public struct TransientService: Sendable {
    /// With `.service`; no unit of that name may be loaded.
    public var name: String
    public var description: String
    /// The first word is an absolute path. systemd expands nothing in it.
    public var command: [String]
    /// All that it gets, beside what systemd gives to every service.
    public var environment: [String: String]
    /// nil: root.
    public var user: String?
    /// Then SIGTERM, and SIGKILL after five seconds, for all of its processes.
    public var timeout: Duration
    public var memoryMax: ByteCount

    public init(
        name: String, description: String, command: [String], environment: [String: String] = [:], user: String? = nil, timeout: Duration,
        memoryMax: ByteCount
    ) {
        (self.name, self.description, self.command, self.environment) = (name, description, command, environment)
        (self.user, self.timeout, self.memoryMax) = (user, timeout, memoryMax)
    }

    public enum Outcome: Sendable, Hashable {
        case succeeded
        /// 203 and some more: systemd could not start it ("Process Exit Codes" of systemd.exec(5)).
        case exited(status: Int32)
        /// By a signal that systemd did not send for its timeout.
        case killed(signal: Int32)
        case timedOut
        /// systemd's word for it: `canceled` (somebody stopped it), `oom-kill`, `resources`.
        case failed(String)
        /// It may still run, within its timeout: the connection ended, or our task, or systemd says nothing.
        case unobserved
    }

    /// Starts it and waits for its end. Blocks for some milliseconds at the beginning and at the end.
    ///
    /// Type=oneshot, not exec: so the job's end is the command's, and one that failed stays loaded until its result has been read. A connection to
    /// systemd itself, without a bus daemon, cannot hold a unit otherwise (`Ref`).
    public func run() async throws -> Outcome {
        let changes = try UnitChange.stream()  // before the start, so that no end is missed
        try SystemdConnection().start(self)
        let result = await end(changes)
        switch result {
        case nil: return .unobserved
        case "done": return .succeeded
        case "failed": return try SystemdConnection().resultOfFailed(name)
        case let other?: return .failed(other)
        }
    }

    /// How its job ended; nil where that was not heard of.
    private func end(_ changes: AsyncStream<UnitChange>) async -> String? {
        await withTaskGroup(of: String?.self) { group in
            group.addTask {
                for await case .jobEnded(let unit, let result) in changes where unit == name { return result }
                return nil
            }
            group.addTask {
                try? await Task.sleep(for: timeout + Self.patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next()!
        }
    }

    /// For systemd itself: its five seconds before SIGKILL, and as many for a pid 1 that is busy.
    private static let patience = Duration.seconds(10)
    /// A mail or an upload; not a build.
    fileprivate static let tasksMax: UInt64 = 64
}

extension SystemdConnection {
    fileprivate func start(_ service: TransientService) throws(SystemdError) {
        let environment = service.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        let words = [service.name, service.description, "system.slice", "heapsnapd-hook", service.user ?? ""]
        try Self.ask("start \(service.name)") { reason in
            withStrings(words) { words in
                withStrings(service.command) { command in
                    withStrings(environment) { environment in
                        var raw = systemd_service(
                            name: words[0], description: words[1], slice: words[2], identifier: words[3], command: command,
                            environment: environment, user: service.user == nil ? nil : words[4],
                            timeout: UInt64(max(0, service.timeout.inSeconds) * 1_000_000), memory_max: UInt64(max(0, service.memoryMax.bytes)),
                            tasks_max: TransientService.tasksMax)
                        return systemd_start_service(self.raw, &raw, &reason)
                    }
                }
            }
        }
    }

    /// And lets systemd forget it.
    fileprivate func resultOfFailed(_ unit: String) throws(SystemdError) -> TransientService.Outcome {
        var result = [CChar](repeating: 0, count: 32)
        var code: Int32 = 0, status: Int32 = 0
        try Self.ask("read the result of \(unit)") { systemd_service_result(raw, unit, &result, &code, &status, &$0) }
        try Self.ask("reset \(unit)") { systemd_reset_failed(raw, unit, &$0) }
        let word = result.withUnsafeBytes(text(ofRoom:))
        return switch word {
        case "timeout": .timedOut
        case "exit-code": .exited(status: status)
        case "signal", "core-dump": .killed(signal: status)
        default: .failed(word)
        }
    }
}
