import Glibc
public import SystemPackage

/// Why the kernel did not answer. What is merely gone (a process that ended, a removed cgroup) is nil instead and never an error.
public enum KernelError: Error, Sendable, Hashable, CustomStringConvertible {
    case denied(path: String)
    /// The kernel's text is not what its documentation says.
    case malformed(path: String, reason: String)
    /// `operation` is a verb with its object: `write /sys/fs/cgroup/memory/x/memory.limit_in_bytes`.
    case system(operation: String, Errno)

    public var description: String {
        switch self {
        case .denied(let path): "cannot access \(path): permission denied; run as root or as the owner of the process"
        case .malformed(let path, let reason): "cannot understand \(path): \(reason); report the content of this file"
        case .system(let operation, let errno): "cannot \(operation): \(errno)"
        }
    }

    /// `EACCES` and `EPERM` have a case of their own, whatever call met them.
    init(_ verb: String, _ path: String, _ errno: Errno) {
        self = errno == .permissionDenied || errno == .notPermitted ? .denied(path: path) : .system(operation: "\(verb) \(path)", errno)
    }
}

extension Errno {
    /// The process, file or cgroup has ended: ENOENT at open, ESRCH below /proc, ENODEV below cgroupfs.
    var meansGone: Bool { self == .noSuchFileOrDirectory || self == .noSuchProcess || self == Errno(rawValue: Glibc.ENODEV) }
    static var last: Errno { Errno(rawValue: errnoOfThisThread) }
}
