import Glibc

/// What changes whenever the bytes of a file do, short of somebody setting its times back.
public struct FileStamp: Sendable, Hashable, Codable {
    public var device: UInt64
    public var inode: UInt64
    public var size: Int64
    /// Of the last change of its bytes, in nanoseconds.
    public var modifiedAt: Int64

    /// Follows symbolic links; nil: there is none, or it cannot be looked at.
    public init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modifiedAt = Int64(status.st_mtim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_mtim.tv_nsec)
    }
}

/// Why this process, with its own rights, cannot read and map a file as code; nil: it can.
public func objectionToLoading(_ path: String) -> String? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { return "\(path): \(String(cString: strerror(errno)))" }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "\(path) is not a file" }
    guard (try? FileSystemFacts.at(path))??.noExec != true else { return "\(path) lies on a file system that is mounted noexec" }
    return nil
}
