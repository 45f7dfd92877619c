import Dispatch
public import Linux
import Synchronization

/// Runs `body` with all signals of our own process as data, and returns its exit code. For a synchronous `main`, before any thread starts.
///
/// The calling thread waits, with the signals blocked, and that is the point: an `async main` ends in `dispatch_main`, whose main thread
/// sits in sigsuspend(2) with an empty mask (libdispatch, `_dispatch_sigsuspend`); the kernel gives it every signal, and the default
/// action kills us. Nothing in `body` may run on the main actor: nobody serves it.
public func withOwnSignals(_ body: @escaping @Sendable (AsyncStream<ReceivedSignal>) async -> Int32) throws -> Int32 {
    try OwnSignals.block(Supervisor.ownSignals)
    let signals = try OwnSignals.received(Supervisor.ownSignals)
    let outcome = Outcome()
    Task.detached { outcome.set(await body(signals)) }
    return outcome.wait()
}

private final class Outcome: Sendable {
    private let exitCode = Mutex<Int32>(0)
    private let isSet = DispatchSemaphore(value: 0)

    func set(_ code: Int32) {
        exitCode.withLock { $0 = code }
        isSet.signal()
    }

    func wait() -> Int32 {
        isSet.wait()
        return exitCode.withLock { $0 }
    }
}
