import Glibc
import SystemPackage

/// How a child ended that was given a limited time.
public enum BoundedRun: Sendable, Hashable {
    case ended(ExitStatus)
    /// Killed by us, with its process group.
    case timedOut

    /// Starts a command without input and output, in a process group of its own, so that Ctrl-C is not for it, and waits for its end.
    ///
    /// For what has to be known before there is a `Supervisor`, whose reaper takes every child. Blocks the thread.
    public static func run(_ request: SpawnRequest, within limit: Duration) throws -> BoundedRun {
        // Ignored, which a parent may have left to us, would let the kernel throw away the exit status (wait(2)).
        _ = signal(SIGCHLD, SIG_DFL)
        let nothing = try FileDescriptor.open("/dev/null", .readWrite, options: .closeOnExec)
        defer { try? nothing.close() }
        var request = request
        (request.standardInput, request.standardOutput, request.standardError) = (nothing, nothing, nothing)
        request.newProcessGroup = true
        let child = try spawn(request)
        if let status = try child.status(within: limit) { return .ended(status) }
        kill(-child.pid.rawValue, SIGKILL)
        // One that even SIGKILL does not end (a file system that hangs) is left to the reaper of orphans.
        _ = try child.status(within: .seconds(1))
        return .timedOut
    }
}

extension SpawnedProcess {
    /// Reaps it when it ends; nil: it still runs. Blocks the thread so long.
    public func status(within limit: Duration) throws -> ExitStatus? {
        let deadline = ContinuousClock.now + limit
        var request = pollfd(fd: pidfd.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        while true {
            let left = max(.zero, deadline - ContinuousClock.now)
            let ready = poll(&request, 1, Int32(left.components.seconds * 1_000 + left.components.attoseconds / 1_000_000_000_000_000) + 1)
            if ready > 0 {
                guard let (status, _) = try Reaper.reap(pid) else { throw KernelError.system(operation: "reap process \(pid)", .noChildProcess) }
                return status
            }
            if ready == 0 || ContinuousClock.now >= deadline { return nil }
        }
    }
}
