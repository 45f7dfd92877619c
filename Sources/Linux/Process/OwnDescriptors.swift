import Glibc

/// Descriptors of our own process.
public enum OwnDescriptors {
    /// For libraries that leave theirs open for children (SwiftNIO's epoll): what `open` has opened is closed at the exec of a child. Not for what is
    /// handed to us, such as sockets of systemd's activation for the service: those were there before.
    public static func closedOnExec<Result>(_ open: () throws -> Result) rethrows -> Result {
        let before = Set(all())
        defer {
            for descriptor in all() where !before.contains(descriptor) {
                let flags = fcntl(descriptor, F_GETFD)
                if flags >= 0, flags & FD_CLOEXEC == 0 { _ = fcntl(descriptor, F_SETFD, flags | FD_CLOEXEC) }
            }
        }
        return try open()
    }

    private static func all() -> [Int32] { ((try? KernelFile.names(in: "/proc/self/fd")) ?? nil ?? []).compactMap { Int32($0) } }
}
