import SystemPackage
public import Units

/// Memory controller of cgroup v1, Documentation/admin-guide/cgroup-v1/memory.rst.
public struct CgroupV1Memory: MemoryCgroup {
    public let path: String
    public var version: CgroupVersion { .v1 }
    private let usage: PolledNumber

    public init(path: String) {
        self.path = path
        usage = PolledNumber(path: "\(path)/memory.usage_in_bytes")
    }

    /// Approximate by up to 64 pages per processor, the kernel batches charges.
    public func current() throws(KernelError) -> ByteCount? { try usage.read() }
    public func limit() throws(KernelError) -> ByteCount? { try readLimit("memory.limit_in_bytes") }

    /// `hierarchical_memory_limit` of memory.stat.
    public func inheritedLimit() throws(KernelError) -> ByteCount? {
        guard let bytes = try KernelFile.read(file("memory.stat")) else { return nil }
        return parseFlatKeyed(bytes)["hierarchical_memory_limit"].flatMap { $0 >= 1 << 60 ? nil : ByteCount(clamping: $0) }
    }

    /// Memory and swap together; nil: no limit, or the kernel does not account swap.
    public func memoryAndSwapLimit() throws(KernelError) -> ByteCount? { try readLimit("memory.memsw.limit_in_bytes") }

    /// A limit for memory and swap moves along by the same amount, so that the allowance for swap stays; it may never be the smaller
    /// one, so it goes first upwards and last downwards. With nil it is lifted too, and what it was is lost. If the second of the two
    /// fails, the first is put back.
    public func setLimit(_ limit: ByteCount?) throws(KernelError) {
        let old = try self.limit()
        guard let both = try memoryAndSwapLimit(), let old else { return try write("memory.limit_in_bytes", limit) }
        let newBoth = limit.map { both + ($0 - old) }
        let memory = (file: "memory.limit_in_bytes", old: old, new: limit)
        let swap = (file: "memory.memsw.limit_in_bytes", old: both, new: newBoth)
        let raises = limit.map { $0 > old } ?? true
        let (first, second) = raises ? (swap, memory) : (memory, swap)
        try write(first.file, first.new)
        do {
            try write(second.file, second.new)
        } catch {
            try? write(first.file, first.old)
            throw error
        }
    }

    public func statistics() throws(KernelError) -> MemoryStatistics? {
        try KernelFile.read(file("memory.stat")).map(MemoryStatistics.parseV1)
    }

    public func events() throws(KernelError) -> MemoryEvents? {
        guard let control = try KernelFile.read(file("memory.oom_control")), let failures = try KernelFile.read(file("memory.failcnt"))
        else { return nil }
        return MemoryEvents.parseV1(oomControl: control, failures: failures)
    }

    public func peak() throws(KernelError) -> ByteCount? { try readLimit("memory.max_usage_in_bytes") }

    public func oomGroup() -> Bool { false }

    public static func create(_ name: String, below parent: any MemoryCgroup) throws(KernelError) -> Self {
        try makeDirectory(name, below: parent)
    }

    private func write(_ name: String, _ limit: ByteCount?) throws(KernelError) {
        try KernelFile.write(file(name), limit.map { "\($0.bytes)" } ?? "-1")
    }
}
