import CLinux
import Glibc
import SystemPackage
public import Units

/// Small files and names of our own: the text of a loan, the size of a snapshot that grows.
public enum SmallFile {
    /// nil: gone.
    public static func read(_ path: String) throws(KernelError) -> [UInt8]? { try KernelFile.read(path) }

    /// Of a directory that others write into: a symbolic link, a pipe, or one larger than `most` is no file of theirs to us.
    /// - Returns: nil: gone, or not such a file.
    public static func readForeign(_ path: String, atMost most: ByteCount) -> [UInt8]? {
        let raw = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard raw >= 0 else { return nil }
        let file = FileDescriptor(rawValue: raw)
        defer { try? file.close() }
        var status = stat()
        guard fstat(raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= most.bytes else { return nil }
        let bytes = try? [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
            count = try file.read(fromAbsoluteOffset: 0, into: UnsafeMutableRawBufferPointer(buffer))
        }
        return bytes
    }

    /// Whole or not at all, and durable: a file beside it, fsync, rename.
    /// - Parameter mode: whatever the umask.
    public static func write(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(KernelError) {
        let temporary = "\(path).\(getpid()).tmp"
        let raw = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard raw >= 0 else { throw KernelError("write", path, .last) }
        let file = FileDescriptor(rawValue: raw)
        do {
            defer { try? file.close() }
            try file.writeAll(bytes)
            guard fchmod(raw, mode) == 0, fsync(raw) == 0 else { throw Errno.last }
            guard rename(temporary, path) == 0 else { throw Errno.last }
        } catch {
            unlink(temporary)
            throw KernelError("write", path, error as? Errno ?? .ioError)
        }
    }

    public static func remove(_ path: String) { unlink(path) }

    /// Removes what writers that were killed in `write` left in a directory: their pid is in the name, and nobody has it any more.
    public static func removeLitter(in directory: String) {
        for name in (try? names(in: directory)) ?? [] where name.hasSuffix(".tmp") {
            guard let pid = name.split(separator: ".").dropLast().last.flatMap({ Int32($0) }), kill(pid, 0) != 0, Errno.last == .noSuchProcess else {
                continue
            }
            unlink("\(directory)/\(name)")
        }
    }

    /// nil: gone.
    /// - Parameter keep: of a directory that others fill, only what is looked for.
    public static func names(in directory: String, keep: (String) -> Bool = { _ in true }) throws(KernelError) -> [String]? {
        try KernelFile.names(in: directory, keep: keep)
    }

    /// Of the directories in it; nil: gone.
    public static func directories(in directory: String) throws(KernelError) -> [String]? { try KernelFile.names(in: directory, type: Int(DT_DIR)) }

    /// A directory for us alone (0700), made with what is missing above it.
    ///
    /// Throws `KernelError` with EPERM when it belongs to somebody else, or others may write into it.
    public static func makePrivateDirectory(_ path: String) throws(KernelError) {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/\(component)"
            guard mkdir(made, 0o700) == 0 || Errno.last == .fileExists || KernelFile.exists(made) else { throw KernelError("make", made, .last) }
        }
        guard access(path, W_OK | X_OK) == 0 else { throw KernelError("write", path, .last) }
        guard isPrivateDirectory(path) else { throw .system(operation: "use \(path), which others own or may write into", .notPermitted) }
    }

    /// Ours, and writable for nobody else: in /tmp another may have made it first. False: gone, too.
    public static func isPrivateDirectory(_ path: String) -> Bool {
        guard let status = status(path) else { return false }
        return status.st_mode & S_IFMT == S_IFDIR && status.st_uid == geteuid() && status.st_mode & 0o022 == 0
    }

    /// Of the file itself, not of what a symbolic link names; nil: gone.
    public static func size(_ path: String) -> ByteCount? { status(path).map { ByteCount(Int64($0.st_size)) } }
    public static func owner(_ path: String) -> UInt32? { status(path).map { $0.st_uid } }
    public static func inode(_ path: String) -> UInt64? { status(path).map { UInt64($0.st_ino) } }
    /// The file system that holds it.
    public static func device(_ path: String) -> UInt64? { status(path).map { UInt64($0.st_dev) } }

    /// Whether two paths name one directory.
    public static func areSame(_ one: String, _ other: String) -> Bool {
        guard let one = status(one), let other = status(other) else { return false }
        return one.st_ino == other.st_ino && one.st_dev == other.st_dev && one.st_mode & S_IFMT == S_IFDIR
    }

    /// From its birth to its last change; nil: gone, or its file system keeps no birth (NFS, old ext4).
    public static func lifetime(_ path: String) -> Duration? {
        let nanoseconds = linux_file_lifetime(path)
        return nanoseconds < 0 ? nil : .nanoseconds(nanoseconds)
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }
}

extension MemoryCgroup {
    /// Whether we may write the limit: not in a container, where cgroupfs is read-only, and not for users.
    public var isLimitWritable: Bool { access(file(version == .v1 ? "memory.limit_in_bytes" : "memory.max"), W_OK) == 0 }
}
