import Glibc
import Linux
import Supervisor
import Testing
import Units

@Suite struct SupervisorStateTests {
    private let pid = ProcessID(42)

    private func makeState(
        _ condition: RestartPolicy.Condition = .no, startLimit: Int = 5, grace: Duration = .seconds(30), forwardsUserSignals: Bool = false,
        ownsTerminal: Bool = false
    ) -> SupervisorState {
        SupervisorState(
            .init(
                restart: RestartPolicy(
                    condition, initialBackOff: .seconds(1), maximumBackOff: .seconds(4), startLimit: startLimit, startLimitWindow: .seconds(60)),
                captureGrace: grace, forwardsUserSignals: forwardsUserSignals, ownsTerminal: ownsTerminal))
    }

    private func makeRunning(
        _ condition: RestartPolicy.Condition = .no, startLimit: Int = 5, grace: Duration = .seconds(30), forwardsUserSignals: Bool = false,
        ownsTerminal: Bool = false
    ) -> SupervisorState {
        var state = makeState(
            condition, startLimit: startLimit, grace: grace, forwardsUserSignals: forwardsUserSignals, ownsTerminal: ownsTerminal)
        #expect(state.begin() == [.spawn])
        #expect(state.handle(.started(pid), at: .zero) == [])
        return state
    }

    // MARK: exit codes

    @Test(arguments: [(Linux.ExitStatus.exited(0), Int32(0)), (.exited(255), 255), (.signaled(SIGSEGV, coreDumped: true), 139)])
    func exitsAsTheServiceDid(status: Linux.ExitStatus, code: Int32) {
        var state = makeRunning()
        #expect(state.handle(.serviceExited(status), at: .seconds(1)) == [.exit(code)])
    }

    @Test(arguments: RestartPolicy.Condition.allCases)
    func aFailedFirstStartIsFinal(condition: RestartPolicy.Condition) {
        var state = makeState(condition)
        #expect(state.handle(.startFailed(reason: "no", exitCode: 127), at: .zero) == [.emit(.startFailed(reason: "no", exitCode: 127)), .exit(127)])
    }

    @Test func aFailedRestartIsTriedAgain() {
        var state = makeRunning(.onFailure)
        _ = state.handle(.serviceExited(.exited(1)), at: .zero)
        _ = state.handle(.timerFired(.restart), at: .seconds(1))
        #expect(
            state.handle(.startFailed(reason: "no", exitCode: 126), at: .seconds(1))
                == [.emit(.startFailed(reason: "no", exitCode: 126)), .emit(.restarting(after: .seconds(2))), .startTimer(.restart, .seconds(2))])
    }

    // MARK: restart

    @Test(arguments: [
        (RestartPolicy.Condition.no, Linux.ExitStatus.exited(1), false), (.no, .exited(0), false),
        (.onFailure, .exited(0), false), (.onFailure, .exited(1), true), (.onFailure, .signaled(SIGKILL, coreDumped: false), true),
        (.onFailure, .signaled(SIGTERM, coreDumped: false), false), (.onFailure, .signaled(SIGHUP, coreDumped: false), false),
        (.always, .exited(0), true), (.always, .signaled(SIGABRT, coreDumped: true), true),
    ])
    func policy(condition: RestartPolicy.Condition, status: Linux.ExitStatus, restarts: Bool) {
        var state = makeRunning(condition)
        let expected: [SupervisorState.Action] =
            restarts ? [.emit(.restarting(after: .seconds(1))), .startTimer(.restart, .seconds(1))] : [.exit(status.shellStatus)]
        #expect(state.handle(.serviceExited(status), at: .seconds(1)) == expected)
    }

    @Test func backOffDoublesUpToItsMaximumAndTheStartLimitEndsIt() {
        var state = makeRunning(.always, startLimit: 5)
        var now = Duration.zero
        for pause in [1, 2, 4, 4] {
            #expect(
                state.handle(.serviceExited(.exited(7)), at: now) == [
                    .emit(.restarting(after: .seconds(pause))), .startTimer(.restart, .seconds(pause)),
                ])
            now += .seconds(pause)
            #expect(state.handle(.timerFired(.restart), at: now) == [.spawn])
            #expect(state.handle(.started(pid), at: now) == [])
        }
        #expect(state.handle(.serviceExited(.exited(7)), at: now) == [.emit(.startLimitReached), .exit(7)])
    }

    @Test func aLongRunForgivesTheEarlierOnes() {
        var state = makeRunning(.always, startLimit: 2)
        var now = Duration.zero
        for _ in 0..<10 {
            now += .seconds(61)
            #expect(
                state.handle(.serviceExited(.exited(1)), at: now) == [.emit(.restarting(after: .seconds(1))), .startTimer(.restart, .seconds(1))])
            now += .seconds(1)
            _ = state.handle(.timerFired(.restart), at: now)
            _ = state.handle(.started(pid), at: now)
        }
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGQUIT])
    func aStopNeverRestarts(signal: Int32) {
        var state = makeRunning(.always)
        #expect(state.handle(.signal(signal, sender: nil), at: .zero) == [.emit(.stopping(signal: signal, reason: nil)), .send(signal)])
        #expect(state.handle(.signal(signal, sender: nil), at: .zero) == [.emit(.stopping(signal: signal, reason: nil)), .send(signal)])
        #expect(state.handle(.serviceExited(.exited(3)), at: .zero) == [.exit(3)])
    }

    @Test func ourOwnTerminationNeverRestarts() {
        var state = makeRunning(.always)
        #expect(state.handle(.terminate(reason: "rule"), at: .zero) == [.emit(.stopping(signal: SIGTERM, reason: "rule")), .send(SIGTERM)])
        #expect(state.handle(.serviceExited(.signaled(SIGKILL, coreDumped: false)), at: .zero) == [.exit(137)])
    }

    @Test func aStopDuringBackOffEndsWithTheLastStatus() {
        var state = makeRunning(.always)
        _ = state.handle(.serviceExited(.exited(9)), at: .zero)
        #expect(
            state.handle(.signal(SIGTERM, sender: nil), at: .zero)
                == [.emit(.stopping(signal: SIGTERM, reason: nil)), .cancelTimer(.restart), .exit(9)])
        #expect(state.handle(.timerFired(.restart), at: .seconds(1)) == [])
    }

    @Test func aStopDuringTheStartReachesTheService() {
        var state = makeState(.always)
        _ = state.begin()
        _ = state.handle(.signal(SIGTERM, sender: nil), at: .zero)
        #expect(state.handle(.started(pid), at: .zero) == [.send(SIGTERM)])
        #expect(state.handle(.serviceExited(.signaled(SIGTERM, coreDumped: false)), at: .zero) == [.exit(143)])
    }

    @Test func controlCEndsAServiceThatWouldAlwaysRestart() {
        var state = makeRunning(.always, ownsTerminal: true)
        #expect(state.handle(.serviceExited(.signaled(SIGINT, coreDumped: false)), at: .zero) == [.exit(130)])
    }

    // MARK: signals

    @Test func everyOtherSignalIsForwarded() {
        for signal in Supervisor.ownSignals.signals where ![SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGCHLD].contains(signal) {
            var state = makeRunning()
            #expect(state.handle(.signal(signal, sender: nil), at: .zero) == [.send(signal)])
        }
    }

    @Test(arguments: [SIGUSR1, SIGUSR2])
    func userSignalsAskForACapture(signal: Int32) {
        var state = makeRunning()
        #expect(state.handle(.signal(signal, sender: ProcessID(7)), at: .zero) == [.emit(.captureRequested(signal: signal, sender: ProcessID(7)))])
        var forwarding = makeRunning(forwardsUserSignals: true)
        #expect(forwarding.handle(.signal(signal, sender: nil), at: .zero) == [.send(signal)])
    }

    @Test func nothingIsSentToADeadService() {
        var state = makeRunning(.always)
        _ = state.handle(.serviceExited(.exited(1)), at: .zero)
        for signal in [SIGHUP, SIGUSR1, SIGUSR2, SIGCONT, SIGTSTP] { #expect(state.handle(.signal(signal, sender: nil), at: .zero) == []) }
    }

    @Test func aStoppedServiceStopsTheJobOnlyOnATerminal() {
        var onTerminal = makeRunning(ownsTerminal: true)
        #expect(onTerminal.handle(.serviceStopped, at: .zero) == [.suspend])
        #expect(onTerminal.handle(.signal(SIGCONT, sender: nil), at: .zero) == [.resume])
        var withoutOne = makeRunning()
        #expect(withoutOne.handle(.serviceStopped, at: .zero) == [])
    }

    // MARK: captures

    @Test func sigtermDuringACaptureIsForwardedAtOnceAndTheExitWaits() {
        var state = makeRunning(.always)
        #expect(state.handle(.captureBegan(patience: nil), at: .zero) == [])
        #expect(state.handle(.signal(SIGTERM, sender: nil), at: .zero).contains(.send(SIGTERM)))
        #expect(state.handle(.serviceExited(.exited(0)), at: .zero) == [.startTimer(.captureGrace, .seconds(30))])
        #expect(state.handle(.captureEnded, at: .seconds(2)) == [.cancelTimer(.captureGrace), .exit(0)])
        #expect(state.handle(.timerFired(.captureGrace), at: .seconds(30)) == [])
    }

    @Test func theGraceIsBounded() {
        var state = makeRunning()
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        _ = state.handle(.serviceExited(.exited(134)), at: .zero)
        #expect(state.handle(.timerFired(.captureGrace), at: .seconds(30)) == [.emit(.captureGraceExpired), .exit(134)])
    }

    @Test func noGraceMeansNoWait() {
        var state = makeRunning(grace: .zero)
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        #expect(state.handle(.serviceExited(.exited(134)), at: .zero) == [.emit(.captureGraceExpired), .exit(134)])
    }

    @Test func aCaptureThatEndedBeforeTheServiceHoldsNothingUp() {
        var state = makeRunning()
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        _ = state.handle(.captureEnded, at: .zero)
        #expect(state.handle(.serviceExited(.exited(0)), at: .zero) == [.exit(0)])
    }

    @Test func aRestartWaitsForTheCaptureOrForTheLoan() {
        var state = makeRunning(.onFailure)
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        #expect(state.handle(.serviceExited(.exited(134)), at: .zero) == [.startTimer(.captureGrace, .seconds(30))])
        #expect(
            state.handle(.deadHeapLent, at: .zero)
                == [.cancelTimer(.captureGrace), .emit(.restarting(after: .seconds(1))), .startTimer(.restart, .seconds(1))])
        _ = state.handle(.timerFired(.restart), at: .seconds(1))
        _ = state.handle(.started(pid), at: .seconds(1))
        // The capture of the previous run still goes on, and our exit still waits for it.
        #expect(state.handle(.serviceExited(.exited(0)), at: .seconds(2)) == [.startTimer(.captureGrace, .seconds(30))])
    }

    @Test func aLoanDoesNotShortenTheExit() {
        var state = makeRunning()
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        _ = state.handle(.serviceExited(.exited(134)), at: .zero)
        #expect(state.handle(.deadHeapLent, at: .zero) == [])
    }

    @Test func theFirstStopWhileWaitingCancelsTheRestartTheSecondTheCapture() {
        var state = makeRunning(.always)
        _ = state.handle(.captureBegan(patience: nil), at: .zero)
        _ = state.handle(.serviceExited(.exited(1)), at: .zero)
        #expect(state.handle(.signal(SIGTERM, sender: nil), at: .zero) == [.emit(.stopping(signal: SIGTERM, reason: nil))])
        #expect(state.handle(.signal(SIGTERM, sender: nil), at: .zero) == [.cancelTimer(.captureGrace), .emit(.captureGraceExpired), .exit(1)])
    }

    /// A copy that was made as the service died is worth more time than a stop would give it, but only while nobody waits.
    @Test func aCaptureThatDeservesPatience() {
        var state = makeRunning()
        _ = state.handle(.captureBegan(patience: .seconds(200)), at: .zero)
        #expect(state.handle(.serviceExited(.exited(134)), at: .zero) == [.startTimer(.captureGrace, .seconds(200))])
        #expect(
            state.handle(.signal(SIGTERM, sender: nil), at: .seconds(60))
                == [.emit(.stopping(signal: SIGTERM, reason: nil)), .cancelTimer(.captureGrace), .startTimer(.captureGrace, .seconds(30))])
        #expect(state.handle(.captureEnded, at: .seconds(70)) == [.cancelTimer(.captureGrace), .exit(134)])
    }

    @Test func anythingAfterTheEndIsIgnored() {
        var state = makeRunning()
        _ = state.handle(.serviceExited(.exited(0)), at: .zero)
        let late: [SupervisorState.Input] = [
            .signal(SIGTERM, sender: nil), .terminate(reason: "late"), .captureBegan(patience: nil), .captureEnded, .timerFired(.restart),
            .timerFired(.captureGrace),
            .serviceStopped, .serviceExited(.exited(1)),
        ]
        for input in late { #expect(state.handle(input, at: .zero) == []) }
    }
}
