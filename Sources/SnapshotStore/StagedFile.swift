import Glibc
import SystemPackage

/// A file of mode 0600 that has no name until it is whole; abandoned, it leaves nothing.
///
/// Unnamed (O_TMPFILE) where the file system can; else, or when it is to replace another, under a name beginning with `.#` that is locked
/// for as long as the writer lives. What a kill leaves of the second kind is removed by `Recovery`.
final class StagedFile {
    static let temporaryPrefix = ".#"
    let descriptor: FileDescriptor
    private let directory: Directory
    private var temporaryName: String?

    init(in directory: Directory, replacing: Bool = false, allowUnnamed: Bool = true) throws(Errno) {
        self.directory = directory
        // __O_TMPFILE is 020000000 on x86-64 and aarch64 (asm-generic/fcntl.h); the macro with O_DIRECTORY does not reach Swift.
        let unnamed = 0o20000000 | O_DIRECTORY
        if !replacing && allowUnnamed {
            let result = openat(directory.descriptor.rawValue, ".", O_RDWR | O_CLOEXEC | unnamed, 0o600)
            if result >= 0 {
                descriptor = FileDescriptor(rawValue: result)
                return
            }
            // EOPNOTSUPP: NFS, overlay on old kernels; EISDIR and ENOENT: kernels or file systems that do not know the flag.
            guard [EOPNOTSUPP, EISDIR, ENOENT].contains(errno) else { throw Errno(rawValue: errno) }
        }
        while true {
            let name = "\(Self.temporaryPrefix)\(getpid()).\(String(UInt64.random(in: .min ... .max), radix: 36))"
            let file = try checked(openat(directory.descriptor.rawValue, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600))
            var status = Glibc.stat()
            // Between creation and lock a recovery may have taken it for litter: then its link count is 0, and another is made.
            if flock(file, LOCK_EX | LOCK_NB) == 0, fstat(file, &status) == 0, status.st_nlink == 1 {
                descriptor = FileDescriptor(rawValue: file)
                temporaryName = name
                return
            }
            close(file)
        }
    }

    deinit {
        if let temporaryName { _ = try? directory.remove(temporaryName) }
        try? descriptor.close()
    }

    /// Gives the file its name. EEXIST when the name is taken, unless it was made to replace.
    func link(as name: String, replacing: Bool = false) throws(Errno) {
        if replacing, let temporaryName {
            try directory.rename(temporaryName, to: directory, as: name)
            self.temporaryName = nil
        } else if let temporaryName {
            _ = try checked(linkat(directory.descriptor.rawValue, temporaryName, directory.descriptor.rawValue, name, 0))
            try directory.remove(temporaryName)
            self.temporaryName = nil
        } else {
            _ = try checked(linkat(AT_FDCWD, "/proc/self/fd/\(descriptor.rawValue)", directory.descriptor.rawValue, name, AT_SYMLINK_FOLLOW))
        }
    }

    func sync() throws(Errno) { _ = try checked(fsync(descriptor.rawValue)) }
}
