import Foundation
import Linux
import Supervisor
import Systemd
import Units

/// A command of the operator's: a hook, or a rule's `exec`.
struct HookCommand: Sendable {
    /// For the name of its unit: `capture`, `rule`.
    var name: String
    /// Not empty.
    var command: [String]
    /// Beside the environment that it gets anyway.
    var variables: [String: String]
    /// Then it is killed, with all that it has started.
    var timeout: Duration
    /// curl, the AWS client, a shell: the largest take some 100 MB.
    var memoryMax = ByteCount.mebibytes(512)

    /// Where systemd runs and we are root: a service of its own, outside of our sandbox, our cgroup and our life. Blocks for milliseconds.
    /// - Returns: how it failed, nil where it did not; and nil as a whole: systemd does not run here.
    func runBySystemd() async -> String?? {
        guard SystemdConnection.libraryObstacle == nil, SystemdConnection.scopeObstacle == nil else { return nil }
        // systemd looks up no names.
        let words = command[0].hasPrefix("/") ? command : ["/usr/bin/env"] + command
        let number = String(UInt32.random(in: 0...UInt32.max), radix: 16)
        let service = TransientService(
            name: "heapsnapd-hook-\(name)-\(number).service", description: "heapsnapd: \(name) hook \(command[0])", command: words,
            environment: variables, timeout: timeout, memoryMax: memoryMax)
        do { return .some(Self.failure(try await service.run())) } catch { return .some("\(error)") }
    }

    /// As our child, where nobody else waits for children. Blocks the thread until its end.
    func runAsChild() -> String? {
        let helper = asHelper
        let request = SpawnRequest(executable: helper.executable, arguments: helper.arguments, environment: helper.environment)
        do {
            switch try BoundedRun.run(request, within: timeout) {
            case .ended(let status): return Self.failure(status)
            case .timedOut: return timedOut
            }
        } catch { return "\(error)" }
    }

    /// As a child of the supervisor's.
    func run(by supervisor: Supervisor) async -> String? {
        switch await supervisor.spawnHelper(asHelper) {
        case .ended(let status): Self.failure(status)
        case .timedOut: timedOut
        case .cannotStart(let reason): reason
        }
    }

    /// With our own environment. Not the plan's: what is in NODE_OPTIONS there is for the service alone.
    private var asHelper: HelperCommand {
        HelperCommand(
            executable: command[0], arguments: Array(command.dropFirst()),
            environment: ProcessInfo.processInfo.environment.merging(variables) { $1 }, timeout: timeout)
    }

    private var timedOut: String { "it did not end within \(timeout.text), and was killed" }

    private static func failure(_ status: ExitStatus) -> String? {
        switch status {
        case .exited(0): nil
        case .exited(let code): "it ended with status \(code)"
        case .signaled(let signal, _): "it was ended by \(Signals.name(signal))"
        }
    }

    private static func failure(_ outcome: TransientService.Outcome) -> String? {
        switch outcome {
        case .succeeded: nil
        case .exited(let status): failure(.exited(status))
        case .killed(let signal): failure(.signaled(signal, coreDumped: false))
        case .timedOut: "it did not end in time, and systemd killed it"
        case .failed(let word): "systemd says: \(word)"
        case .unobserved: "its end was not seen"
        }
    }
}
