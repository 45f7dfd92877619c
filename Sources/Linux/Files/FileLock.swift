import CLinux
import Glibc
import SystemPackage

/// A lock that all programs of this host can see: flock(2) on a file, with a text inside that says who holds it and for whom. Ends with the
/// object or the process, however it dies; the file stays.
public final class FileLock: Sendable {
    private let file: OwnedDescriptor
    private init(_ file: OwnedDescriptor) { self.file = file }

    /// nil: somebody else holds it. Never waits. The file has mode 0600, since flock(2) wants no more than a descriptor: whoever could open it could keep us out. Its
    /// directory must exist.
    public static func tryAcquire(_ path: String, note: String) throws(KernelError) -> FileLock? {
        let file = try OwnedDescriptor(open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600), opening: path)
        let raw = file.descriptor.rawValue
        fchmod(raw, 0o600)  // of an earlier version
        guard flock(raw, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK { return nil }
            throw KernelError("lock", path, .last)
        }
        // flock cannot be asked about without taking it, and asking must not make another one's try fail: this second lock can.
        guard linux_ofd_lock(raw) == 0, ftruncate(raw, 0) == 0, pwrite(raw, note, note.utf8.count, 0) == note.utf8.count else {
            throw KernelError("write", path, .last)
        }
        return FileLock(file)
    }

    /// The holder's note while it is held, else nil. Takes nothing.
    public static func holder(_ path: String) throws(KernelError) -> String? {
        let raw = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        if raw < 0 && Errno.last.meansGone { return nil }
        let file = try OwnedDescriptor(raw, opening: path)
        guard linux_ofd_locked(file.descriptor.rawValue) == 1 else { return nil }
        return try KernelFile.read(path)?.text
    }
}
