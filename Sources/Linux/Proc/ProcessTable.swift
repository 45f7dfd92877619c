import Glibc
public import Units

/// /proc below a root. Every answer is fresh; a process that is gone is nil.
///
/// A value without state: copying is free, each call opens, reads and closes (5 to 20 µs where nothing else is said).
public struct ProcessTable: Sendable {
    let root: FileSystemRoot
    public init(root: FileSystemRoot = FileSystemRoot()) { self.root = root }

    /// `path(12, "root/tmp/x")` is `/proc/12/root/tmp/x` below the root.
    public func path(_ pid: ProcessID, _ entry: String) -> String { root.path("/proc/\(pid)/\(entry)") }

    /// All thread groups, ascending. Cost: one directory listing.
    public func pids() throws(KernelError) -> [ProcessID] {
        let directory = root.path("/proc")
        guard let names = try KernelFile.names(in: directory) else {
            throw .malformed(path: directory, reason: "there is no such directory")
        }
        return names.compactMap { Int32($0).map { ProcessID($0) } }.sorted()
    }

    public func identity(_ pid: ProcessID) throws(KernelError) -> ProcessIdentity? {
        guard let stat = try stat(pid) else { return nil }
        return ProcessIdentity(pid: pid, startTime: stat.startTime, bootID: try bootID())
    }

    /// Changes with every boot: `467d6e92-d404-f125-c284-4c6df1fa72ce`.
    public func bootID() throws(KernelError) -> String {
        try required("/proc/sys/kernel/random/boot_id").prefix { $0 != UInt8(ascii: "\n") }.text
    }

    /// Target of the link, with the kernel's ` (deleted)` where the file is gone. A kernel thread has none: nil.
    public func executable(_ pid: ProcessID) throws(KernelError) -> String? { try KernelFile.link(path(pid, "exe")) }

    /// A symbolic link below /proc/NAME, such as `self` and `ns/mnt`; nil: gone.
    public func link(_ process: String, _ entry: String) throws(KernelError) -> String? {
        try KernelFile.link(root.path("/proc/\(process)/\(entry)"))
    }

    /// As seen from our mount namespace when it is the same; else as seen from the process's root.
    public func workingDirectory(_ pid: ProcessID) throws(KernelError) -> String? { try KernelFile.link(path(pid, "cwd")) }

    func read<Parsed>(_ pid: ProcessID, _ entry: String, _ parse: ([UInt8]) -> Parsed?) throws(KernelError) -> Parsed? {
        let path = path(pid, entry)
        // A process that ended between open and read can leave an empty file.
        guard let bytes = try KernelFile.read(path), !bytes.isEmpty else { return nil }
        guard let parsed = parse(bytes) else { throw .malformed(path: path, reason: "unexpected `\(bytes.prefix(80).text)`") }
        return parsed
    }

    /// A file of the kernel itself, which is always there.
    func required(_ absolute: String) throws(KernelError) -> [UInt8] {
        let path = root.path(absolute)
        guard let bytes = try KernelFile.read(path) else { throw .malformed(path: path, reason: "there is no such file") }
        return bytes
    }
}
