import Capture
import Linux
import Logging
import MemoryWatch
import Node
import SnapshotStore
import Supervisor
import Units

/// `heapsnapd run`: one service over all its restarts. Puts the supervisor, the watch and the captures together and holds nothing else.
struct ServiceRun: Sendable {
    let workplace: Workplace
    let subject: Subject
    private var service: String { subject.service }
    let plan: LaunchPlan
    let supervisor: Supervisor
    let incoming: IncomingDirectory
    let selection: ProcessSelection
    let log: Logger
    let hooks: Hooks
    /// One at a time; they do not keep hooks waiting, and end with the service.
    let analyses: Hooks

    /// - Returns: what to exit with.
    func run() async -> Int32 {
        async let code = supervisor.run()
        var watch: (watch: ServiceWatch, task: Task<Void, Never>)?
        var ending: Task<Void, Never>?
        var state = RunState(service: service, supervisor: workplace.site.holder, startedAt: SystemClock.now())
        state.incoming = incoming.name
        for await event in supervisor.events {
            switch event {
            case .started(let pid, let identity):
                await ending?.value
                state.instance = identity.map { .init($0) }
                note(state)
                let search = TargetSearch(table: workplace.table, selection: selection, plan: plan)
                let host = SupervisedService(command: pid, search: search, supervisor: supervisor)
                let listener = ServiceListener(
                    happened: { await hooks.call($0, workplace.configuration.hooks, run: host.execute) },
                    run: { await hooks.call($0, of: service, run: host.execute) },
                    analyse: { await analyses.call($0, of: service, run: host.execute) })
                let new = ServiceWatch(
                    subject, host: host, workplace: workplace, earlier: await watch?.watch.life, log: log, listener: listener)
                watch = (new, Task(executorPreference: BlockingWork.threads) { await new.run() })
            case .startFailed(let reason, _): log.error("\(reason)")
            case .exited(let exit):
                // Beside the events: the grace of a capture may expire meanwhile.
                ending = Task(executorPreference: BlockingWork.threads) { [watch] in
                    watch?.task.cancel()
                    await watch?.watch.ended(exit)
                }
            case .captureRequested(let signal, let sender):
                await watch?.watch.captureInTurn(
                    CaptureWish(
                        reason: "signal", detail: "\(Signals.name(signal)) was sent to heapsnapd", requestedBy: sender.map { "process \($0)" }))
            case .stopping(let signal, _): await watch?.watch.stopping(by: signal)
            case .restarting(let delay): log.notice("\(service) starts again in \(delay.text)")
            case .startLimitReached: log.error("\(service) was started too often, giving up")
            case .captureGraceExpired:
                log.warning("\(service): the capture outlived its grace of \(workplace.configuration.capture.grace.text)")
                await watch?.watch.abandonCaptures()
            case .finished: await ending?.value
            }
        }
        if await watch?.watch.isAbandoned == true {
            state.leftFiles = true
            note(state)
        } else {
            try? workplace.store.remove(state)
        }
        incoming.removeIfEmpty()
        await analyses.abandon()
        await hooks.finish()
        return await code
    }

    /// What the next start will find if we are killed (contract 28).
    private func note(_ state: RunState) {
        do { try workplace.store.write(state) } catch { log.warning("cannot note the state of \(service): \(error)") }
    }
}
