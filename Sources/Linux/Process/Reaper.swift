import CLinux
import Glibc
import SystemPackage
public import Units

/// What a process cost over its life, getrusage(2).
public struct ResourceUse: Sendable, Hashable {
    /// The greatest RSS of the process, or of one of the children that it reaped if that was greater.
    public var maxRSS: ByteCount
    /// User and system, with the children that it reaped.
    public var cpu: Duration
}

/// Waiting for children in two steps, so that one loop sees all of them and each owner takes its own: `peek`, then `reap` by pid.
public enum Reaper {
    /// A child that has ended and waits to be reaped; nil: none does. Leaves it as it is.
    public static func peek() throws(KernelError) -> ProcessID? {
        let pid = linux_peek_ended_child()
        guard pid >= 0 else { throw .system(operation: "wait for children", .last) }
        return pid == 0 ? nil : ProcessID(pid)
    }

    /// nil: still runs, or is no child of ours (any more). Never waits.
    public static func reap(_ pid: ProcessID) throws(KernelError) -> (ExitStatus, ResourceUse)? {
        var status: Int32 = 0
        var usage = rusage()
        let reaped = wait4(pid.rawValue, &status, WNOHANG, &usage)
        if reaped == 0 || reaped < 0 && errno == ECHILD { return nil }
        guard reaped > 0 else { throw .system(operation: "reap process \(pid)", .last) }
        let cpu = [usage.ru_utime, usage.ru_stime].reduce(Duration.zero) { $0 + .seconds($1.tv_sec) + .microseconds($1.tv_usec) }
        return (ExitStatus(waitStatus: status), ResourceUse(maxRSS: .kibibytes(usage.ru_maxrss), cpu: cpu))
    }
}

/// Orphans of our descendants become our children instead of those of pid 1.
public func becomeSubreaper() throws(KernelError) {
    guard linux_become_subreaper() == 0 else { throw .system(operation: "become a subreaper", .last) }
}
