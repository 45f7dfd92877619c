public import Units

/// `/proc/PID/statm`: the cheapest look at a process's memory, fit for a polling loop.
public struct ProcessStatm: Sendable, Hashable {
    public var rss: ByteCount
    /// File-backed and shared-memory pages among `rss`.
    public var shared: ByteCount

    /// `162112 11020 9216 21500 0 19000 0`: size resident shared text lib data dt, in pages.
    static func parse(_ bytes: [UInt8]) -> ProcessStatm? {
        let fields = bytes.words
        guard fields.count >= 3, let resident = fields[1].number(Int64.self), let shared = fields[2].number(Int64.self) else { return nil }
        return ProcessStatm(rss: pages(resident), shared: pages(shared))
    }
}

extension ProcessTable {
    /// A zombie has 0 pages; a process that is gone is nil.
    public func statm(_ pid: ProcessID) throws(KernelError) -> ProcessStatm? { try read(pid, "statm", ProcessStatm.parse) }
}
