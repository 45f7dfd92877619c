import Glibc
import SystemPackage

/// An open directory. Names are resolved from its descriptor and never through a symbolic link, so that nothing can be slipped in on the way.
final class Directory: Sendable {
    let path: String
    let descriptor: FileDescriptor

    init(path: String, descriptor: FileDescriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { try? descriptor.close() }

    static func open(_ path: String) throws(Errno) -> Directory {
        let result = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return Directory(path: path, descriptor: FileDescriptor(rawValue: try checked(result)))
    }

    /// - Returns: nil when there is none.
    func subdirectory(_ name: String) throws(Errno) -> Directory? {
        let result = openat(descriptor.rawValue, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if result < 0 && Glibc.errno == ENOENT { return nil }
        return Directory(path: "\(path)/\(name)", descriptor: FileDescriptor(rawValue: try checked(result)))
    }

    /// Made with mode 0700 where missing.
    func makeSubdirectory(_ name: String) throws(Errno) -> Directory {
        if mkdirat(descriptor.rawValue, name, 0o700) < 0 && Glibc.errno != EEXIST { throw Errno(rawValue: Glibc.errno) }
        guard let made = try subdirectory(name) else { throw .noSuchFileOrDirectory }
        return made
    }

    /// All names but `.` and `..`, in no order.
    func names() throws(Errno) -> [String] {
        let copy = try checked(openat(descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard let stream = fdopendir(copy) else {
            close(copy)
            throw Errno(rawValue: Glibc.errno)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// For reading; a FIFO does not make it wait.
    func open(_ name: String, _ flags: Int32 = O_RDONLY) throws(Errno) -> FileDescriptor {
        FileDescriptor(rawValue: try checked(openat(descriptor.rawValue, name, flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)))
    }

    /// The bytes of a small regular file; nil when it is not there.
    func read(_ name: String, limit: Int = 4 << 20) throws(Errno) -> [UInt8]? {
        let file: FileDescriptor
        do throws(Errno) { file = try open(name) } catch .noSuchFileOrDirectory { return nil }
        defer { try? file.close() }
        let size = Int(try file.status().st_size)
        guard try file.isRegular(), size <= limit else { throw .fileTooLarge }
        var bytes = [UInt8](repeating: 0, count: size)
        var filled = 0
        while filled < size {
            let count: Int
            do {
                count = try bytes.withUnsafeMutableBytes { try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[filled...])) }
            } catch { throw error as? Errno ?? .ioError }
            if count == 0 { break }
            filled += count
        }
        return Array(bytes[..<filled])
    }

    /// - Returns: whether it was there.
    @discardableResult
    func remove(_ name: String, flags: Int32 = 0) throws(Errno) -> Bool {
        if unlinkat(descriptor.rawValue, name, flags) == 0 { return true }
        if Glibc.errno == ENOENT { return false }
        throw Errno(rawValue: Glibc.errno)
    }

    func rename(_ name: String, to other: Directory, as newName: String) throws(Errno) {
        _ = try checked(renameat(descriptor.rawValue, name, other.descriptor.rawValue, newName))
    }

    func sync() throws(Errno) { _ = try checked(fsync(descriptor.rawValue)) }
}

extension FileDescriptor {
    func status() throws(Errno) -> Glibc.stat {
        var status = Glibc.stat()
        _ = try checked(fstat(rawValue, &status))
        return status
    }

    func isRegular() throws(Errno) -> Bool { try status().st_mode & S_IFMT == S_IFREG }
}

/// The result of a call to the kernel, or its errno.
func checked(_ result: Int32) throws(Errno) -> Int32 {
    if result < 0 { throw Errno(rawValue: errno) }
    return result
}

/// Runs a call to the kernel and names what it was for.
@discardableResult
func naming<Result>(_ verb: String, _ subject: String, _ call: () throws(Errno) -> Result) throws(StoreError) -> Result {
    do throws(Errno) { return try call() } catch { throw .call(verb: verb, subject: subject, errno: error) }
}
