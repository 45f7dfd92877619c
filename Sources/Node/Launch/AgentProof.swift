import Glibc
import Linux

/// Runs the trial of an agent, and remembers what has been proven, so that a service in a crash loop does not pay for each start.
public struct AgentProof: Sendable {
    /// What Node takes to start, ten times over, on a busy machine.
    static let patience = Duration.seconds(2)

    private let cache: ProofCache

    /// - Parameter cacheFile: where to remember; in a directory that is ours alone.
    public init(cacheFile: String) { cache = ProofCache(path: cacheFile) }

    /// Why the service must start without the agent; nil: this node takes it. Blocks for as long as Node takes to start, 2 s at most, and
    /// only for 0.1 ms where the same has been proven before.
    public func objection(to trial: AgentTrial) -> String? {
        // Not part of what is remembered: a file that is there and unchanged may have lost its mode bits, or its mount the right to execute.
        if let objection = objectionToLoading(trial.agent) { return objection }
        let key = ProofCache.Key(trial)
        if let key, cache.contains(key) { return nil }
        if let objection = run(trial) { return objection }
        // Failures are not remembered: their cause may lie outside of the files (memory, a module that the flags name).
        if let key { cache.add(key) }
        return nil
    }

    private func run(_ trial: AgentTrial) -> String? {
        let command = SpawnRequest(
            executable: trial.node, arguments: trial.arguments, environment: trial.environment, workingDirectory: trial.workingDirectory)
        do {
            switch try BoundedRun.run(command, within: Self.patience) {
            case .ended(.exited(0)): return nil
            case .ended(.exited(let status)): return "\(trial.node) does not take it: a trial exited with status \(status)"
            case .ended(.signaled(let signal, _)): return "\(trial.node) does not take it: a trial ended by \(Signals.name(signal))"
            case .timedOut: return "a trial of \(trial.node) with it had not ended after \(Self.patience.components.seconds) s"
            }
        } catch { return "it could not be tried: \(error)" }
    }
}
