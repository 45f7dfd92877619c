import Glibc
import SystemPackage

var errnoOfThisThread: Int32 { errno }

/// Files below /proc and /sys: they have no size, are read in one go, and may be gone at any moment.
enum KernelFile {
    /// The whole content; nil when the file or its process is gone. `expecting`: bytes, to save calls on long files.
    static func read(_ path: String, expecting: Int = 4_096) throws(KernelError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return try goneOrThrow("read", path) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: expecting)
        var length = 0
        while true {
            if length == bytes.count { bytes.append(contentsOf: repeatElement(0, count: length)) }
            let count = bytes.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress! + length, $0.count - length) }
            if count == 0 { break }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return try goneOrThrow("read", path) }
            length += count
        }
        bytes.removeLast(bytes.count - length)
        return bytes
    }

    /// One write(2), as the kernel's control files want it. `gone` is an error here: nothing was changed.
    static func write(_ path: String, _ text: String) throws(KernelError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw KernelError("write", path, .last) }
        defer { close(descriptor) }
        var text = text
        let count = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard count >= 0 else { throw KernelError("write", path, .last) }
    }

    /// What a symbolic link says, undecoded; nil when it is gone.
    static func link(_ path: String) throws(KernelError) -> String? {
        let target = [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, length in
            length = max(0, readlink(path, buffer.baseAddress!, buffer.count))
        }
        return target.isEmpty ? try goneOrThrow("read link", path) : String(decoding: target, as: UTF8.self)
    }

    /// The names in a directory but `.` and `..`, in the kernel's order; nil when it is gone.
    /// - Parameter type: DT_DIR and so on; nil: all. What a file system leaves unknown counts as every type.
    /// - Parameter keep: asked for each name, so that a directory of millions costs nothing but time.
    static func names(in path: String, type: Int? = nil, keep: (String) -> Bool = { _ in true }) throws(KernelError) -> [String]? {
        guard let directory = opendir(path) else { return try goneOrThrow("list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let found = Int(entry.pointee.d_type)
            if let type, found != type && found != DT_UNKNOWN { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name != "." && name != ".." && keep(name) { names.append(name) }
        }
        return names
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func goneOrThrow<Result>(_ verb: String, _ path: String) throws(KernelError) -> Result? {
        let errno = Errno.last
        guard errno.meansGone else { throw KernelError(verb, path, errno) }
        return nil
    }
}
