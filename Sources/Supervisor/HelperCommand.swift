public import Linux

/// A command that runs beside the service: a rule's `exec`, a probe of the runtime. It is our child, so only our reaper may wait for it.
public struct HelperCommand: Sendable, Hashable {
    public var executable: String
    /// After argv[0], which is `executable`.
    public var arguments: [String]
    /// nil: ours.
    public var environment: [String: String]?
    /// After so long its process group gets SIGKILL.
    public var timeout: Duration

    public init(executable: String, arguments: [String], environment: [String: String]?, timeout: Duration) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.timeout = timeout
    }
}

public enum HelperOutcome: Sendable, Equatable {
    case ended(ExitStatus)
    /// Killed by us.
    case timedOut
    case cannotStart(reason: String)
}
