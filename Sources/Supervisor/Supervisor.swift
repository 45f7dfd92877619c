import Glibc
public import Linux
import SystemPackage
import Units

/// Starts one service and stays with it to its end: forwards signals, reaps, restarts, and exits as the service did. Pid 1 when it must.
///
/// Every child of this process belongs to the one reaper in here, so nothing else may start children: use `spawnHelper`.
/// The decisions are `SupervisorState`'s; this is the shell around it. A child's end is told by its pidfd, an orphan's by SIGCHLD.
public actor Supervisor {
    public struct Configuration: Sendable {
        public var restart: RestartPolicy
        /// See `SupervisorState.Configuration`.
        public var captureGrace: Duration
        public var forwardsUserSignals: Bool
        /// Interpose the service's standard error and keep its end (contract 26: only where our death ends the service anyway).
        public var tailsStandardError: Bool
        /// Adopt and reap orphans, as `run` does. Without it only children that we started are waited for, which leaves those of other
        /// code in the same process (tests) alone.
        public var reapsOrphans: Bool

        public init(restart: RestartPolicy, captureGrace: Duration, forwardsUserSignals: Bool, tailsStandardError: Bool, reapsOrphans: Bool) {
            self.restart = restart
            self.captureGrace = captureGrace
            self.forwardsUserSignals = forwardsUserSignals
            self.tailsStandardError = tailsStandardError
            self.reapsOrphans = reapsOrphans
        }
    }

    /// To be blocked before the first thread starts, and received through a signalfd: everything that can be caught, but for what tells
    /// of a fault of our own (tini leaves the same seven alone) and 32 and 33, which glibc needs for its threads.
    public static let ownSignals = SignalSet(
        (1...64).filter {
            ![SIGKILL, SIGSTOP, SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS, 32, 33].contains($0)
        })

    /// Everything that happens, in order, to the end of the run; one consumer.
    public nonisolated let events: AsyncStream<SupervisorEvent>

    let request: SpawnRequest
    let configuration: Configuration
    let emit: AsyncStream<SupervisorEvent>.Continuation
    let terminal: Terminal?
    let stderrTail: StderrTail?
    let table = ProcessTable()
    private let signals: AsyncStream<ReceivedSignal>

    private var state: SupervisorState
    private var timers: [SupervisorState.Timer: Task<Void, Never>] = [:]
    private var whenFinished: CheckedContinuation<Void, Never>?
    private(set) var exitCode: Int32?
    var service: Child?
    var helpers: [ProcessID: HelperRun] = [:]

    /// - Parameters:
    ///   - service: its command; standard error, terminal and process group are set here.
    ///   - signals: what `ownSignals` bring in.
    public init(service: SpawnRequest, configuration: Configuration, signals: AsyncStream<ReceivedSignal>) throws {
        // Ignored, which a parent may have left to us, would let the kernel throw away the exit status (wait(2)).
        _ = Glibc.signal(SIGCHLD, SIG_DFL)
        terminal = Terminal()
        stderrTail = configuration.tailsStandardError ? try StderrTail() : nil
        (events, emit) = AsyncStream.makeStream()
        request = service
        state = SupervisorState(
            SupervisorState.Configuration(
                restart: configuration.restart, captureGrace: configuration.captureGrace,
                forwardsUserSignals: configuration.forwardsUserSignals, ownsTerminal: terminal != nil))
        self.configuration = configuration
        self.signals = signals
    }

    /// From the first start to the last end. To be called once.
    /// - Returns: what our process is to exit with: the service's status, 128+n after a signal, 127 not found, 126 not executable, 125 else.
    public func run() async -> Int32 {
        if configuration.reapsOrphans && getpid() != 1 { try? becomeSubreaper() }
        let receiving = Task { for await signal in signals { receive(signal) } }
        perform(state.begin())
        if exitCode == nil { await withCheckedContinuation { whenFinished = $0 } }
        receiving.cancel()
        // A second is long for a reader that lives and short for whoever waits for us.
        await stderrTail?.flush(patience: .seconds(1))
        emit.yield(.finished(exitCode: exitCode!))
        emit.finish()
        return exitCode!
    }

    // MARK: what other rooms ask for

    /// To the service as it is, without a second thought. False: it isn't running. To end it, `terminate`.
    @discardableResult
    public func send(_ signal: Int32) -> Bool {
        guard let service else { return false }
        return service.send(signal)
    }

    /// SIGTERM, and no restart.
    public func terminate(reason: String) { handle(.terminate(reason: reason)) }

    /// Between these two our exit and a restart wait, for the grace of a capture at most.
    /// - Parameter patience: what its end deserves where nobody waits for ours: no restart, no SIGTERM.
    public func captureBegan(patience: Duration? = nil) { handle(.captureBegan(patience: patience)) }
    public func captureEnded() { handle(.captureEnded) }

    /// See `SupervisorState.Input.deadHeapLent`.
    public func deadHeapLent() { handle(.deadHeapLent) }

    // MARK: the loop

    func handle(_ input: SupervisorState.Input) { perform(state.handle(input, at: SystemClock.monotonic())) }

    private func perform(_ actions: [SupervisorState.Action]) {
        for action in actions {
            switch action {
            case .spawn: handle(startService())
            case .send(let signal): send(signal)
            case .suspend: suspend()
            case .resume: resume()
            case .startTimer(let timer, let duration): start(timer, duration)
            case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.cancel()
            case .emit(let event): emit.yield(event)
            case .exit(let code):
                exitCode = code
                whenFinished?.resume()
            }
        }
    }

    private func receive(_ signal: ReceivedSignal) {
        switch signal.signal {
        case SIGCHLD:
            reapChildren()
            noticeStop()
        case SIGPIPE where signal.sender.rawValue == getpid():
            break  // our own write to a closed pipe, not a message to the service
        default:
            handle(.signal(signal.signal, sender: signal.sender.rawValue > 0 ? signal.sender : nil))
        }
    }

    private func start(_ timer: SupervisorState.Timer, _ duration: Duration) {
        timers[timer] = Task {
            try? await Task.sleep(for: duration)
            if !Task.isCancelled { handle(.timerFired(timer)) }
        }
    }

    // MARK: job control

    /// SIGCHLD doesn't queue, so the state of the process is asked for instead of the signal's reason.
    private func noticeStop() {
        guard terminal != nil, let service, (try? table.stat(service.pid))??.state == "T" else { return }
        handle(.serviceStopped)
    }

    private func suspend() {
        if let service { terminal?.takeBack(from: service.pid) }
        _ = kill(getpid(), SIGSTOP)
    }

    private func resume() {
        guard let service else { return }
        if let terminal, terminal.isOurs { terminal.give(to: service.pid) }
        send(SIGCONT)
    }
}
