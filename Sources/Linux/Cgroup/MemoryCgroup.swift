import Glibc
public import Units

public enum CgroupVersion: String, Sendable, Codable { case v1, v2 }

/// The memory controller of one cgroup. What is gone with its directory is nil.
public protocol MemoryCgroup: Sendable {
    /// The directory.
    var path: String { get }
    var version: CgroupVersion { get }

    init(path: String)

    /// All that is charged, page cache included. Keeps its descriptor open: microseconds, fit for a polling loop. A directory that was
    /// removed and made again is another cgroup and stays nil here.
    func current() throws(KernelError) -> ByteCount?
    /// The cgroup's own limit; nil: none, or gone.
    func limit() throws(KernelError) -> ByteCount?
    /// The limit that the kernel enforces here on behalf of ancestors, also those that we cannot see; nil where it doesn't say.
    func inheritedLimit() throws(KernelError) -> ByteCount?
    /// nil: no limit. The kernel rounds down to whole pages: ask `limit` for what stands.
    ///
    /// Below the use, v2 reclaims and then OOM-kills at once; v1 answers EBUSY (`Errno.resourceBusy`) and leaves all as it was.
    func setLimit(_ limit: ByteCount?) throws(KernelError)
    /// Can lag behind `current` by up to 2 s of charges (the kernel's FLUSH_TIME). 50 µs.
    func statistics() throws(KernelError) -> MemoryStatistics?
    func events() throws(KernelError) -> MemoryEvents?
    /// The highest use so far; nil where the kernel does not keep it (v2 before 5.19), or gone.
    func peak() throws(KernelError) -> ByteCount?
    /// An OOM kill takes all processes of the cgroup.
    func oomGroup() throws(KernelError) -> Bool

    /// Makes a cgroup below `parent`, which must be of the same version, with the memory controller.
    static func create(_ name: String, below parent: any MemoryCgroup) throws(KernelError) -> Self
}

extension MemoryCgroup {
    /// Members of this very cgroup, ascending, in our pid namespace; empty when it is gone.
    public func processes() throws(KernelError) -> [ProcessID] {
        guard let bytes = try KernelFile.read(file("cgroup.procs")) else { return [] }
        return bytes.lines.compactMap { $0.number(Int32.self).map { ProcessID($0) } }.filter { $0.rawValue > 0 }.sorted()
    }

    /// Moves a process here, with all its threads. Pages that it has stay charged where they are. False: the process is gone.
    public func add(_ pid: ProcessID) throws(KernelError) -> Bool {
        do {
            try KernelFile.write(file("cgroup.procs"), "\(pid)")
            return true
        } catch .system(_, let errno) where errno == .noSuchProcess {
            return false
        }
    }

    /// Removes the directory; true also when it was gone already. Processes or cgroups inside: `Errno.resourceBusy`.
    @discardableResult
    public func remove() throws(KernelError) -> Bool {
        guard rmdir(path) != 0, errno != ENOENT else { return true }
        throw KernelError("remove", path, .last)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// A file with one number; `max` and the sentinels of v1 are nil, as is a file that is gone.
    func readLimit(_ name: String) throws(KernelError) -> ByteCount? {
        guard let bytes = try KernelFile.read(file(name), expecting: 64) else { return nil }
        return try parseLimit(bytes, path: file(name))
    }

    static func makeDirectory(_ name: String, below parent: any MemoryCgroup) throws(KernelError) -> Self {
        let path = "\(parent.path)/\(name)"
        guard mkdir(path, 0o755) == 0 else { throw KernelError("create", path, .last) }
        return Self(path: path)
    }
}

/// `536870912\n`, `max\n`, and what v1 shows for no limit: LONG_MAX rounded down to a page (9223372036854771712, with 64 KiB pages
/// 9223372036854710272); gVisor and old kernels have smaller sentinels such as 0x7FFFFFFFFFFFF000 and 2^64 - 1. No machine has 2^60 bytes.
func parseLimit(_ bytes: [UInt8], path: String) throws(KernelError) -> ByteCount? {
    guard let word = bytes.words.first else { throw .malformed(path: path, reason: "empty") }
    if word.text == "max" { return nil }
    guard let number = word.number(UInt64.self) else { throw .malformed(path: path, reason: "`\(word.text)` is no number of bytes") }
    return number >= 1 << 60 ? nil : ByteCount(clamping: number)
}
