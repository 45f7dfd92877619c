import Linux
import NIOCore
import NIOPosix
import Units

/// The one thread on which watches look and decide. What waits for a disk, for systemd or for the target's mmap lock goes to `BlockingWork`.
///
/// Waits of a second and more end at multiples of 1.1 s of one clock, so that all watches wake together: at rest this thread wakes 55 times a minute, whether
/// one service is watched or a hundred, and with what else comes the daemon stays below 60 (Benchmarks/run resident).
final class WatchLoop: Sendable {
    static let shared = WatchLoop()
    let group: any EventLoopGroup
    private let events: any EventLoop
    let executor: any SerialExecutor

    private init() {
        group = OwnDescriptors.closedOnExec { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        events = group.next()
        executor = events.executor
    }

    /// - Returns: what takes it back.
    func wake(after interval: Duration, _ ring: @escaping @Sendable () -> Void) -> Scheduled<Void> {
        events.scheduleTask(deadline: Self.deadline(after: interval, now: .now()), ring)
    }

    static func deadline(after interval: Duration, now: NIODeadline) -> NIODeadline {
        let deadline = now + TimeAmount(interval)
        guard interval >= .seconds(1) else { return deadline }
        let pace: UInt64 = 1_100_000_000
        return .uptimeNanoseconds((deadline.uptimeNanoseconds + pace / 2) / pace * pace)
    }
}
