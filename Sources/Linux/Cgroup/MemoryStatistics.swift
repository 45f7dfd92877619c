public import Units

/// memory.stat of a cgroup and all below it. nil: this kernel or version does not tell.
public struct MemoryStatistics: Sendable, Hashable {
    /// Anonymous memory, swap cache included; v1 calls it rss.
    public var anon: ByteCount?
    /// Page cache with tmpfs and shared memory; v1 calls it cache.
    public var file: ByteCount?
    /// tmpfs and shared memory: looks like files, can go nowhere without swap.
    public var shmem: ByteCount?
    public var inactiveFile: ByteCount?
    public var activeFile: ByteCount?
    public var inactiveAnon: ByteCount?
    public var activeAnon: ByteCount?
    public var unevictable: ByteCount?
    public var dirty: ByteCount?
    public var writeback: ByteCount?
    /// Dentries and inodes. v1 does not tell.
    public var slabReclaimable: ByteCount?
    public var kernelStack: ByteCount?
    public var swap: ByteCount?
    /// All as the kernel names them: bytes, pages or counts. v1: the `total_` values without that prefix.
    public var all: [String: UInt64]

    /// What the kernel can take back before it has to kill: clean page cache on both file lists and reclaimable slab
    /// (cgroup-v2.rst: inactive_file and active_file are on the "lists used by the page reclaim algorithm"; slab_reclaimable "might be
    /// reclaimed, such as dentries and inodes"). Not dirty pages or those under writeback: they must reach a disk first. Not shmem: it lies
    /// on the anon lists and has nowhere to go without swap. An upper bound: pinned pages resist, and a service that loses its active
    /// list reads its files again.
    public var reclaimable: ByteCount {
        let cached = (inactiveFile ?? .zero) + (activeFile ?? .zero) - (dirty ?? .zero) - (writeback ?? .zero)
        return max(cached, .zero) + (slabReclaimable ?? .zero)
    }

    /// ```
    /// anon 41943040
    /// file 1048576
    /// kernel_stack 98304
    /// shmem 0
    /// file_dirty 0
    /// inactive_file 524288
    /// slab_reclaimable 200704
    /// ```
    static func parseV2(_ bytes: [UInt8]) -> MemoryStatistics {
        let all = parseFlatKeyed(bytes)
        return MemoryStatistics(all: all, anon: "anon", file: "file", dirty: "file_dirty", writeback: "file_writeback", swap: nil)
    }

    /// ```
    /// cache 1048576
    /// rss 41943040
    /// hierarchical_memory_limit 536870912
    /// total_cache 1048576
    /// total_rss 41943040
    /// total_inactive_file 524288
    /// ```
    static func parseV1(_ bytes: [UInt8]) -> MemoryStatistics {
        var all: [String: UInt64] = [:]
        for (name, value) in parseFlatKeyed(bytes) {
            if name.hasPrefix("total_") { all[String(name.dropFirst("total_".count))] = value }
            if name.hasPrefix("hierarchical_") { all[name] = value }
        }
        return MemoryStatistics(all: all, anon: "rss", file: "cache", dirty: "dirty", writeback: "writeback", swap: "swap")
    }

    private init(all: [String: UInt64], anon: String, file: String, dirty: String, writeback: String, swap: String?) {
        func size(_ name: String) -> ByteCount? { all[name].map { ByteCount(clamping: $0) } }
        self.all = all
        self.anon = size(anon)
        self.file = size(file)
        self.dirty = size(dirty)
        self.writeback = size(writeback)
        self.swap = swap.flatMap(size)
        shmem = size("shmem")
        inactiveFile = size("inactive_file")
        activeFile = size("active_file")
        inactiveAnon = size("inactive_anon")
        activeAnon = size("active_anon")
        unevictable = size("unevictable")
        slabReclaimable = size("slab_reclaimable")
        kernelStack = size("kernel_stack")
    }
}
