public import Linux
public import Units

/// The cgroup limit as one version of Node sees it, which is not always the one that the kernel enforces.
///
/// libuv, uv_get_constrained_memory: up to 1.44 (Node before 20.3) it reads one fixed file of cgroup v1 and nothing of v2. From 1.45 on it
/// reads the smaller of memory.max and memory.high (v1: limit and soft limit) of the process's own cgroup, never an ancestor's.
public enum ConstrainedMemory {
    /// What the process would see if it started now; nil: no limit, or gone.
    public static func read(_ process: NodeProcess, table: ProcessTable) throws -> ByteCount? {
        let pid = process.identity.pid
        guard process.version?.seesOwnCgroup ?? true else {
            return number(table.path(pid, "root/sys/fs/cgroup/memory/memory.limit_in_bytes"))
        }
        guard let own = try MemoryHierarchy.of(pid, in: table)?.cgroups.first else { return nil }
        let soft = own.version == .v1 ? "memory.soft_limit_in_bytes" : "memory.high"
        return [try own.limit(), number("\(own.path)/\(soft)")].compactMap { $0 }.min()
    }

    /// `536870912`, `max`, and v1's 9223372036854771712 for "no limit".
    private static func number(_ path: String) -> ByteCount? {
        guard let text = (try? BinaryFile(path))?.string(at: 0, limit: 64), let bytes = UInt64(text.prefix { $0.isNumber }) else { return nil }
        return bytes >= 1 << 60 ? nil : ByteCount(clamping: bytes)
    }
}
