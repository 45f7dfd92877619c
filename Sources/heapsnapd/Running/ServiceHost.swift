import Node
import Supervisor
import Systemd
import Units

/// Whoever runs the service that is watched: our supervisor (`run`), or somebody else (`daemon`).
protocol ServiceHost: Sendable {
    /// How our launch changed the command; nil where we did not start it.
    var plan: LaunchPlan? { get }
    /// All Node processes of the service, the chosen one marked (contract 6). Reads /proc: up to milliseconds each.
    func candidates() async -> [Candidate]

    /// Whether other processes than the watched one may have come.
    var mayHaveOthers: Bool { get }
    /// The watched process is gone, and there is no other.
    func isDeserted() async

    /// Runs a capture that we asked for when its turn has come: one at a time on a host.
    /// - Parameter timeToLimit: who is nearest goes first.
    func inTurn<Result: Sendable>(_ timeToLimit: Duration?, _ capture: @Sendable () async -> Result) async -> Result
    /// - Parameter patience: how long the end of the service is to wait for it at least.
    func captureBegan(patience: Duration?) async
    func captureEnded() async
    /// SIGTERM to that process, or to the service that we have started ourselves.
    func terminate(_ process: ProcessIdentity?, reason: String) async
    /// How one that is not our child has ended, where somebody else says so.
    func exit(of process: NodeProcess, since: Timestamp) async -> UnitExit?
    /// - Returns: how it failed; nil: it did not.
    func execute(_ command: HookCommand) async -> String?
}

/// The command of a `run` with all that is below it.
struct SupervisedService: ServiceHost {
    let command: ProcessID
    let search: TargetSearch
    let supervisor: Supervisor

    var plan: LaunchPlan? { search.plan }
    func candidates() -> [Candidate] { search.candidates(below: command) }
    var mayHaveOthers: Bool { true }
    func isDeserted() {}
    func inTurn<Result: Sendable>(_ timeToLimit: Duration?, _ capture: @Sendable () async -> Result) async -> Result { await capture() }
    func captureBegan(patience: Duration?) async { await supervisor.captureBegan(patience: patience) }
    func captureEnded() async { await supervisor.captureEnded() }
    func exit(of process: NodeProcess, since: Timestamp) -> UnitExit? { nil }
    func terminate(_ process: ProcessIdentity?, reason: String) async { await supervisor.terminate(reason: reason) }
    func execute(_ command: HookCommand) async -> String? {
        // Whoever does not wait any more is not held up by systemd.
        let byTheirs = Task(executorPreference: BlockingWork.threads) { await command.runBySystemd() }
        if let failure = await withTaskCancellationHandler(operation: { await byTheirs.value }, onCancel: { byTheirs.cancel() }) { return failure }
        return await command.run(by: supervisor)
    }
}
