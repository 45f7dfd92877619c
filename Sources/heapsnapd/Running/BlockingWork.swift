import Dispatch

/// Where captures run, and what else waits for disks (fsync), for systemd (D-Bus, up to 25 s) and for the target's mmap lock (smaps, cmdline).
///
/// Swift's own threads are as many as there are processors, one or two in a container, and on them signals are forwarded to the service: two such
/// waits at once would hold up a SIGTERM. Dispatch makes threads as they are needed, and ends them again.
final class BlockingWork: TaskExecutor {
    static let threads = BlockingWork()
    private let queue = DispatchQueue(label: "heapsnapd.watch", attributes: .concurrent)

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    /// For actors on `WatchLoop`, whose thread must not wait.
    static func run<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await Task(executorPreference: threads, operation: work).value
    }

    static func run<Result: Sendable>(_ work: @escaping @Sendable () async -> Result) async -> Result {
        await Task(executorPreference: threads, operation: work).value
    }
}
