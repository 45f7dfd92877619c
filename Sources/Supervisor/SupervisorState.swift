import Glibc
public import Linux
public import Units

/// The whole policy of supervising one service, without I/O: inputs go in, actions come out.
///
/// As a pid 1 it does what tini does: forward, reap (the shell's part), exit as the service did. Beyond that it restarts, keeps
/// SIGUSR1 and SIGUSR2 for itself as requests for a capture, and lets a capture that runs at the service's end finish.
/// It never sends SIGKILL: a service that ignores SIGTERM is for the one who stops us to judge.
public struct SupervisorState: Sendable {
    public struct Configuration: Sendable, Hashable {
        public var restart: RestartPolicy
        /// How long our exit, or a restart, waits for a running capture (contracts 22 and 27). Zero: not at all.
        public var captureGrace: Duration
        /// SIGUSR1 and SIGUSR2 belong to the service (`--handler app`, `--forward-usr`): forwarded, never requests (contract 20).
        public var forwardsUserSignals: Bool
        /// The service holds the terminal: a stop of it stops our whole job, and its death of Ctrl-C ends us.
        public var ownsTerminal: Bool

        public init(restart: RestartPolicy, captureGrace: Duration, forwardsUserSignals: Bool, ownsTerminal: Bool) {
            self.restart = restart
            self.captureGrace = captureGrace
            self.forwardsUserSignals = forwardsUserSignals
            self.ownsTerminal = ownsTerminal
        }
    }

    public enum Timer: Sendable, Hashable { case restart, captureGrace }

    public enum Input: Sendable, Equatable {
        case started(ProcessID)
        case startFailed(reason: String, exitCode: Int32)
        case serviceExited(ExitStatus)
        /// By SIGSTOP or one of the terminal's stop signals.
        case serviceStopped
        case signal(Int32, sender: ProcessID?)
        /// A rule's action, or our own decision: SIGTERM, and no restart.
        case terminate(reason: String)
        /// - `patience`: its end waits at least so long for it, where neither a restart nor a stop waits for ours.
        case captureBegan(patience: Duration?)
        case captureEnded
        /// What the dead heap still costs has been lent to the cgroup: a restart need not wait for the capture (contract 22).
        case deadHeapLent
        case timerFired(Timer)
    }

    public enum Action: Sendable, Equatable {
        case spawn
        case send(Int32)
        /// Stop our own process as a job of the shell, with the terminal given back; comes back with SIGCONT.
        case suspend
        /// SIGCONT for the service, and the terminal if it is ours to give.
        case resume
        case startTimer(Timer, Duration), cancelTimer(Timer)
        case emit(SupervisorEvent)
        case exit(Int32)
    }

    private enum Phase {
        case starting
        case running(since: Duration)
        /// The service is dead, a capture of it isn't done; then `next`.
        case waitingForCapture(next: Next)
        case backingOff(exitCode: Int32)
        case finished
    }

    /// `exitCode` of the service's last run; what we exit with when stopped before it runs again.
    private enum Next {
        case restart(after: Duration, exitCode: Int32)
        case exit(Int32)
        /// A restart is wanted, the start limit forbids it.
        case giveUp(exitCode: Int32)

        var exitCode: Int32 {
            switch self {
            case .restart(_, let code), .exit(let code), .giveUp(let code): code
            }
        }
    }

    private let configuration: Configuration
    private var phase = Phase.starting
    private var isCapturing = false
    /// Of the capture under way, where nobody waits for our end but the service's own has come.
    private var patience: Duration?
    /// Once somebody asked the service to end, no end of it leads to a restart.
    private var stopSignal: Int32?
    private var starts: [Duration] = []
    private var backOff: Duration

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        backOff = configuration.restart.initialBackOff
    }

    /// What to do first.
    public func begin() -> [Action] { [.spawn] }

    /// - Parameter now: since an arbitrary monotonic origin.
    public mutating func handle(_ input: Input, at now: Duration) -> [Action] {
        switch (input, phase) {
        case (.started, .starting):
            starts.append(now)
            phase = .running(since: now)
            return stopSignal.map { [.send($0)] } ?? []
        case (.startFailed(let reason, let code), .starting):
            let isFirst = starts.isEmpty
            starts.append(now)
            let next = isFirst ? .exit(code) : next(exitCode: code, isFailure: true, ranFor: .zero, at: now)
            return [.emit(.startFailed(reason: reason, exitCode: code))] + settle(next)
        case (.serviceExited(let status), .running(let since)):
            if configuration.ownsTerminal, case .signaled(let signal, _) = status, signal == SIGINT || signal == SIGQUIT { stopSignal = signal }
            return settle(next(exitCode: status.shellStatus, isFailure: status.isFailure, ranFor: now - since, at: now))
        case (.serviceStopped, .running):
            return configuration.ownsTerminal ? [.suspend] : []
        case (.signal(let signal, let sender), _):
            return handle(signal, from: sender)
        case (.terminate(let reason), _):
            return stop(SIGTERM, reason: reason)
        case (.captureBegan(let longer), _):
            isCapturing = true
            patience = [patience, longer].compactMap(\.self).max()
            return []
        case (.captureEnded, .waitingForCapture(let next)):
            isCapturing = false
            return [.cancelTimer(.captureGrace)] + proceed(next)
        case (.captureEnded, _):
            isCapturing = false
            patience = nil
            return []
        case (.deadHeapLent, .waitingForCapture(let next)):
            guard case .restart = next else { return [] }
            return [.cancelTimer(.captureGrace)] + proceed(next)
        case (.timerFired(.captureGrace), .waitingForCapture(let next)):
            isCapturing = false
            return [.emit(.captureGraceExpired)] + proceed(next)
        case (.timerFired(.restart), .backingOff):
            phase = .starting
            return [.spawn]
        case (.started, _), (.startFailed, _), (.serviceExited, _), (.serviceStopped, _), (.deadHeapLent, _), (.timerFired, _):
            return []  // late: a timer that fired while it was cancelled, news of a service that is dead already
        }
    }

    // MARK: signals

    private mutating func handle(_ signal: Int32, from sender: ProcessID?) -> [Action] {
        switch signal {
        case SIGTERM, SIGINT, SIGQUIT:
            return stop(signal)
        case SIGUSR1, SIGUSR2:
            guard case .running = phase else { return [] }
            return configuration.forwardsUserSignals ? [.send(signal)] : [.emit(.captureRequested(signal: signal, sender: sender))]
        case SIGCONT:
            guard case .running = phase else { return [] }
            return [.resume]
        default:
            // SIGTSTP too: the service stops, and its stop comes back as `serviceStopped`.
            guard case .running = phase else { return [] }
            return [.send(signal)]
        }
    }

    private mutating func stop(_ signal: Int32, reason: String? = nil) -> [Action] {
        let stopping = Action.emit(.stopping(signal: signal, reason: reason))
        let isRepeated = stopSignal != nil
        stopSignal = signal
        switch phase {
        case .running:
            return [stopping, .send(signal)]
        case .backingOff(let exitCode):
            return [stopping, .cancelTimer(.restart)] + settle(.exit(exitCode))
        case .waitingForCapture(let next) where isRepeated:
            isCapturing = false  // whoever asks twice doesn't want to wait
            return [.cancelTimer(.captureGrace), .emit(.captureGraceExpired)] + proceed(.exit(next.exitCode))
        case .waitingForCapture(let next):
            phase = .waitingForCapture(next: .exit(next.exitCode))
            // Now somebody does wait.
            return [stopping] + (patience == nil ? [] : [.cancelTimer(.captureGrace), .startTimer(.captureGrace, configuration.captureGrace)])
        case .starting:
            return [stopping]  // `started` will send it
        case .finished:
            return []
        }
    }

    // MARK: the end of a run

    private mutating func next(exitCode: Int32, isFailure: Bool, ranFor: Duration, at now: Duration) -> Next {
        let policy = configuration.restart
        guard stopSignal == nil, policy.wantsRestart(afterFailure: isFailure) else { return .exit(exitCode) }
        if ranFor >= policy.startLimitWindow { backOff = policy.initialBackOff }
        let delay = backOff
        let windowStart = now + delay - policy.startLimitWindow
        starts.removeAll { $0 <= windowStart }
        guard starts.count < policy.startLimit else { return .giveUp(exitCode: exitCode) }
        backOff = min(backOff * 2, policy.maximumBackOff)
        return .restart(after: delay, exitCode: exitCode)
    }

    /// Goes on to `next`, after the capture if there is one.
    private mutating func settle(_ next: Next) -> [Action] {
        guard isCapturing else { return proceed(next) }
        guard configuration.captureGrace > .zero else {
            isCapturing = false
            return [.emit(.captureGraceExpired)] + proceed(next)
        }
        phase = .waitingForCapture(next: next)
        guard stopSignal == nil, case .exit = next, let patience else { return [.startTimer(.captureGrace, configuration.captureGrace)] }
        return [.startTimer(.captureGrace, max(patience, configuration.captureGrace))]
    }

    private mutating func proceed(_ next: Next) -> [Action] {
        switch next {
        case .exit(let code):
            phase = .finished
            return [.exit(code)]
        case .giveUp(let code):
            phase = .finished
            return [.emit(.startLimitReached), .exit(code)]
        case .restart(let delay, let exitCode):
            phase = .backingOff(exitCode: exitCode)
            return [.emit(.restarting(after: delay)), .startTimer(.restart, delay)]
        }
    }
}
