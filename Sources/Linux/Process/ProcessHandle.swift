import CLinux
import Glibc
import SystemPackage
public import Units

/// Holds a process by pidfd, so that no signal can reach a successor of the same pid.
public final class ProcessHandle: Sendable {
    public let identity: ProcessIdentity
    private let pidfd: OwnedDescriptor
    private let table: ProcessTable

    /// The process that has this pid now; nil when there is none.
    public init?(_ pid: ProcessID, table: ProcessTable = ProcessTable()) throws(KernelError) {
        let raw = linux_pidfd_open(pid.rawValue)
        guard raw >= 0 else {
            if Errno.last.meansGone { return nil }
            throw KernelError("open pidfd of process", "\(pid)", .last)
        }
        pidfd = OwnedDescriptor(FileDescriptor(rawValue: raw))
        self.table = table
        // The pid cannot be used again before its process has been reaped: what stat says is about our process if that still exists now.
        guard let identity = try table.identity(pid), linux_pidfd_send_signal(raw, 0) == 0 || Errno.last == .notPermitted
        else { return nil }
        self.identity = identity
    }

    /// The very process that `identity` tells, as remembered from a file; nil when it is gone, whoever has its pid now.
    public convenience init?(_ identity: ProcessIdentity, table: ProcessTable = ProcessTable()) throws(KernelError) {
        try self.init(identity.pid, table: table)
        guard self.identity == identity else { return nil }
    }

    /// Compares the start time once more, then pidfd_send_signal(2). False: the process has ended, nothing was sent.
    public func signal(_ signal: Int32) throws(KernelError) -> Bool {
        guard !hasExited, try table.stat(identity.pid)?.startTime == identity.startTime else { return false }
        if linux_pidfd_send_signal(pidfd.descriptor.rawValue, signal) == 0 { return true }
        if Errno.last.meansGone { return false }
        throw KernelError("send \(Signals.name(signal)) to process", "\(identity.pid)", .last)
    }

    /// True from the moment that the process is a zombie.
    public var hasExited: Bool {
        var request = pollfd(fd: pidfd.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        return poll(&request, 1, 0) == 1
    }

    /// Returns when the process has ended, reaped or not, or when the task is cancelled: ask `hasExited`.
    public func exited() async {
        for await _ in readiness(of: pidfd.descriptor) { return }
    }
}
