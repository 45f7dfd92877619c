public import Linux
public import Units

/// What happened to the service, for the rooms that watch, capture and record.
public enum SupervisorEvent: Sendable, Equatable {
    /// `identity` is nil where /proc cannot be read; then nothing but supervision works.
    case started(ProcessID, ProcessIdentity?)
    /// The command could not be executed. `exitCode`: 127 not found, 126 not executable, 125 anything else.
    case startFailed(reason: String, exitCode: Int32)
    case exited(ServiceExit)
    /// SIGUSR1 or SIGUSR2 was sent to us. `sender` is nil when it lives outside of our pid namespace.
    case captureRequested(signal: Int32, sender: ProcessID?)
    /// The service was asked to end; it will not be restarted. `reason` is nil when the signal came from outside.
    case stopping(signal: Int32, reason: String?)
    case restarting(after: Duration)
    /// The policy would restart the service, but it was started too often.
    case startLimitReached
    /// The capture outlived the grace it has after the end of the service: end it now.
    case captureGraceExpired
    /// The last event. `run()` returns the same code.
    case finished(exitCode: Int32)
}

public struct ServiceExit: Sendable, Equatable {
    public let pid: ProcessID
    public let status: ExitStatus
    public let use: ResourceUse
    public let at: Timestamp
    /// The last bytes of standard error (at most 64 KiB), where it is interposed (contract 26).
    public let standardErrorTail: [UInt8]?
}
