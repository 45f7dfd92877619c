public import SystemPackage
public import Units

public enum StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// There is no store at the path, and reading does not make one.
    case noStore(path: String)
    case insecure(path: String, problem: String, remedy: String)
    /// A call to the kernel failed.
    case call(verb: String, subject: String, errno: Errno)
    /// The file system is full; nothing was left behind.
    case noSpace(subject: String, written: ByteCount)
    case notRegularFile(path: String)
    case alreadyExists(path: String)
    case badName(String)
    case noRecord(SnapshotID)
    case noSnapshot(SnapshotID)
    /// The stored bytes are not what was stored.
    case damaged(file: String, reason: String)
    case unreadable(file: String, reason: String)
    case outOfMemory

    public var description: String {
        switch self {
        case .noStore(let path): "cannot read store \(path): there is none; capture something first or name another with --snapshot-dir"
        case .insecure(let path, let problem, let remedy): "cannot use store \(path): \(problem); \(remedy)"
        case .call(let verb, let subject, let errno): "cannot \(verb) \(subject): \(errno); \(remedy(errno))"
        case .noSpace(let subject, let written):
            "cannot write \(subject): the file system is full after \(written); make room, `heapsnapd prune`, or name another --snapshot-dir"
        case .notRegularFile(let path): "cannot read \(path): it is not a regular file; name the snapshot itself"
        case .alreadyExists(let path): "cannot write \(path): it exists; name another file, or overwrite it with --force"
        case .badName(let name): "cannot use name '\(name)': it is empty, hidden or holds a '/'; choose a plain file name"
        case .noRecord(let id): "cannot find \(id): no record of that id; `heapsnapd list` shows all"
        case .noSnapshot(let id): "cannot read \(id): its record holds no snapshot; `heapsnapd info \(id)` says why"
        case .damaged(let file, let reason):
            "cannot read \(file): \(reason); what comes before is usable, restore the file from a backup for the rest"
        case .unreadable(let file, let reason): "cannot read record \(file): \(reason); it is left as it is"
        case .outOfMemory: "cannot compress: no memory for zstd; free some memory or set compression to none"
        }
    }

    private func remedy(_ errno: Errno) -> String {
        switch errno {
        case .permissionDenied, .notPermitted: "run as the owner or as root"
        case .readOnlyFileSystem: "name a writable directory with --snapshot-dir"
        case .noSuchFileOrDirectory: "check the path"
        case .notDirectory, .isDirectory: "check what the path names"
        case .tooManySymbolicLinkLevels: "a symbolic link is refused here, name the file itself"
        default: "see errno \(errno.rawValue)"
        }
    }

    /// A failed write, told apart by what the caller can do about it.
    static func write(_ subject: String, _ errno: Errno, written: ByteCount = .zero) -> StoreError {
        errno == .noSpace || errno == .diskQuotaExceeded
            ? .noSpace(subject: subject, written: written) : .call(verb: "write", subject: subject, errno: errno)
    }
}
