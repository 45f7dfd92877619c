public import Linux
public import Units

/// The cgroup limit as one version of Node sees it, which is not always the one that the kernel enforces.
///
/// libuv, uv_get_constrained_memory: up to 1.44 (Node before 20.3) it reads one fixed file of cgroup v1 and nothing of v2. From 1.45 on it
/// reads the smaller of memory.max and memory.high (v1: limit and soft limit) of the process's own cgroup, not an ancestor's (measured
/// on v1). Node 24 and 26 (not 22) also take RLIMIT_DATA and RLIMIT_AS into account (measured).
public enum ConstrainedMemory {
    /// What the process would see if it started now; nil: no limit, or gone.
    public static func read(_ process: NodeProcess, table: ProcessTable) throws -> ByteCount? {
        let pid = process.identity.pid
        guard process.version?.seesOwnCgroup ?? true else {
            return number(table.path(pid, "root/sys/fs/cgroup/memory/memory.limit_in_bytes"))
        }
        let resources = process.version.map { $0.major >= 24 } ?? true ? resourceLimit(table.path(pid, "limits")) : nil
        guard let own = try MemoryHierarchy.of(pid, in: table)?.cgroups.first else { return resources }
        let soft = own.version == .v1 ? "memory.soft_limit_in_bytes" : "memory.high"
        return [try own.limit(), number("\(own.path)/\(soft)"), resources].compactMap { $0 }.min()
    }

    /// The smaller of the two soft limits of `/proc/PID/limits`, proc_pid_limits(5); nil: neither is set.
    /// ```
    /// Limit                     Soft Limit           Hard Limit           Units
    /// Max data size             2048000000           unlimited            bytes
    /// Max address space         unlimited            unlimited            bytes
    /// ```
    static func parse(limits text: String) -> ByteCount? {
        text.split(separator: "\n").compactMap { line in
            guard line.hasPrefix("Max data size ") || line.hasPrefix("Max address space ") else { return nil }
            return line.split(separator: " ").dropFirst(3).first.flatMap { Int64($0) }.map { ByteCount($0) }
        }.min()
    }

    private static func resourceLimit(_ path: String) -> ByteCount? {
        (try? BinaryFile(path))?.string(at: 0).flatMap(parse)
    }

    /// `536870912`, `max`, and v1's 9223372036854771712 for "no limit".
    private static func number(_ path: String) -> ByteCount? {
        guard let text = (try? BinaryFile(path))?.string(at: 0, limit: 64), let bytes = UInt64(text.prefix { $0.isNumber }) else { return nil }
        return bytes >= 1 << 60 ? nil : ByteCount(clamping: bytes)
    }
}
