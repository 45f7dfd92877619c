import SystemPackage
public import Units

/// Memory controller of cgroup v2, Documentation/admin-guide/cgroup-v2.rst. memory.high is never set: it throttles.
public struct CgroupV2Memory: MemoryCgroup {
    public let path: String
    public var version: CgroupVersion { .v2 }
    private let usage: PolledNumber

    public init(path: String) {
        self.path = path
        usage = PolledNumber(path: "\(path)/memory.current")
    }

    public func current() throws(KernelError) -> ByteCount? { try usage.read() }
    public func limit() throws(KernelError) -> ByteCount? { try readLimit("memory.max") }
    public func inheritedLimit() -> ByteCount? { nil }

    /// memory.swap.max is a separate budget and stays.
    public func setLimit(_ limit: ByteCount?) throws(KernelError) {
        try KernelFile.write(file("memory.max"), limit.map { "\($0.bytes)" } ?? "max")
    }

    public func statistics() throws(KernelError) -> MemoryStatistics? {
        try KernelFile.read(file("memory.stat")).map(MemoryStatistics.parseV2)
    }

    /// With those of the cgroups below.
    public func events() throws(KernelError) -> MemoryEvents? {
        try KernelFile.read(file("memory.events")).map(MemoryEvents.parseV2)
    }

    /// All of its processes stand still (docker pause): `frozen 1` in cgroup.events.
    public func isFrozen() throws(KernelError) -> Bool {
        guard let text = try KernelFile.read(file("cgroup.events")) else { return false }
        return String(decoding: text, as: UTF8.self).split(separator: "\n").contains("frozen 1")
    }

    public func peak() throws(KernelError) -> ByteCount? { try readLimit("memory.peak") }

    public func oomGroup() throws(KernelError) -> Bool {
        try KernelFile.read(file("memory.oom.group"))?.first == UInt8(ascii: "1")
    }

    /// A parent with processes of its own cannot pass its controller on (`Errno.resourceBusy`), unless it is the root.
    public static func create(_ name: String, below parent: any MemoryCgroup) throws(KernelError) -> Self {
        try KernelFile.write(parent.file("cgroup.subtree_control"), "+memory")
        return try makeDirectory(name, below: parent)
    }
}
