import Logging
import Systemd

/// Calls the operator's hooks beside everything else: nothing waits for them but the end of `run`.
actor Hooks {
    typealias Runner = @Sendable (HookCommand) async -> String?

    private struct Hook {
        var command: HookCommand
        var service: String
        var run: Runner
    }

    private let log: Logger
    private var queue: HookQueue<Hook>
    private var tasks: [Int: Task<Void, Never>] = [:]
    private var started = 0

    init(log: Logger, atOnce: Int = 4) {
        self.log = log
        queue = HookQueue(mostRunning: atOnce)
    }

    /// Returns at once.
    /// - Parameter run: says how it failed; nil: it did not.
    func call(_ event: ServiceEvent, _ configuration: Configuration.Hooks, run: @escaping Runner) {
        let command = configuration.command(for: event.kind)
        // One that is tried again after a second, or was told of already, is no news.
        guard !command.isEmpty, !event.isRepeated, event.record.refusal?.code != "busy" else { return }
        let hook = HookCommand(name: event.kind.rawValue, command: command, variables: event.hookVariables, timeout: configuration.timeout)
        call(hook, of: event.record.service, run: run)
    }

    /// The same for a command that is no answer to an event.
    func call(_ command: HookCommand, of service: String, run: @escaping Runner) {
        let hook = Hook(command: command, service: service, run: run)
        switch queue.add(hook) {
        case .start(let hook): start(hook)
        case .wait: break
        case .drop:
            failed(hook, "\(queue.mostRunning) run and \(HookQueue<Hook>.mostWaiting) wait already; it is left out")
        }
    }

    /// When all have ended: each within its timeout.
    func finish() async { while let task = tasks.first?.value { await task.value } }

    /// Kills those that are our children; what systemd runs ends by itself.
    func abandon() async {
        queue.forgetWaiting()
        for task in tasks.values { task.cancel() }
        await finish()
    }

    private func start(_ hook: Hook) {
        started += 1
        let number = started
        tasks[number] = Task(executorPreference: BlockingWork.threads) {
            if let failure = await hook.run(hook.command), !Task.isCancelled { await self.failed(hook, failure) }
            await self.ended(number)
        }
    }

    private func ended(_ number: Int) {
        tasks[number] = nil
        if let next = queue.ended() { start(next) }
    }

    private func failed(_ hook: Hook, _ reason: String) {
        log.record(
            .hookFailed, "\(hook.service): \(hook.command.name) hook \(hook.command.command[0]): \(reason)", about: [.service: hook.service])
    }
}

extension Configuration.Hooks {
    func command(for kind: ServiceEvent.Kind) -> [String] {
        switch kind {
        case .capture: onCapture
        case .refusal: onRefusal
        case .death: onDeath
        }
    }
}
