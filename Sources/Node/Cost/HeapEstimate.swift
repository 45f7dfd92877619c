public import Linux
public import Units

/// The size of a process's JavaScript heap, estimated from outside (contract 10).
public struct HeapEstimate: Sendable, Hashable {
    /// Resident bytes of V8's heap: what is used and what is free in its pages.
    public var bytes: ByteCount
    /// True where the number also holds memory that is not heap (buffers, native allocations).
    public var isUpperBound: Bool
    /// `dontForkPages`, `anonymousMemory`, or `agent` where V8 itself has said it.
    public var method: String

    /// Node 20 and later: the resident part of the mappings that V8 marks MADV_DONTFORK (219 MB against a heapTotal of 219 MB on
    /// Node 20). Before, and once the agent has made a copy, which takes these marks away: all anonymous memory. Walks smaps, about 11 ms, under the process's mmap lock: never in a loop.
    /// - Returns: nil where the process is gone.
    public static func read(_ process: NodeProcess, table: ProcessTable) throws -> HeapEstimate? {
        let pid = process.identity.pid
        if process.version?.hasDontForkPages ?? true, try !hasLostMarks(pid, table), let bytes = try table.dontForkRSS(pid), bytes > .zero {
            return HeapEstimate(bytes: bytes, isUpperBound: false, method: "dontForkPages")
        }
        guard let status = try table.status(pid), let bytes = status.rssAnon ?? status.rss else { return nil }
        return HeapEstimate(bytes: bytes, isUpperBound: true, method: "anonymousMemory")
    }

    /// As V8 itself has said.
    public init(toldByAgent bytes: ByteCount) { self.init(bytes: bytes, isUpperBound: false, method: "agent") }

    private init(bytes: ByteCount, isUpperBound: Bool, method: String) {
        (self.bytes, self.isUpperBound, self.method) = (bytes, isUpperBound, method)
    }

    /// The agent names its thread so after its first fork (Sources/NodeAgent/Captures.cc). Some 15 threads of 10 µs each.
    private static func hasLostMarks(_ pid: ProcessID, _ table: ProcessTable) throws -> Bool {
        try table.threadNames(pid).contains("heapsnapd-fork")
    }
}
