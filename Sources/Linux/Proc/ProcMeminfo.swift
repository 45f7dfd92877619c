public import Units

/// `/proc/meminfo`, of the host even inside a container.
public struct HostMemory: Sendable, Hashable {
    public var total: ByteCount
    /// What can be allocated without swapping, by the kernel's own estimate.
    public var available: ByteCount
    public var swapTotal: ByteCount
    public var swapFree: ByteCount

    /// ```
    /// MemTotal:       24684096 kB
    /// MemAvailable:   23012344 kB
    /// SwapTotal:             0 kB
    /// SwapFree:              0 kB
    /// ```
    static func parse(_ bytes: [UInt8]) -> HostMemory? {
        var values: [String: ByteCount] = [:]
        for line in bytes.lines {
            if let (label, value) = line.labelled { values[label] = kibibytes(value) }
        }
        guard let total = values["MemTotal"], let available = values["MemAvailable"] else { return nil }
        // A kernel without CONFIG_SWAP has neither line, and no swap.
        let swapTotal = values["SwapTotal"] ?? .zero, swapFree = values["SwapFree"] ?? .zero
        return HostMemory(total: total, available: available, swapTotal: swapTotal, swapFree: swapFree)
    }
}

extension ProcessTable {
    public func hostMemory() throws(KernelError) -> HostMemory {
        guard let memory = HostMemory.parse(try required("/proc/meminfo")) else {
            throw .malformed(path: root.path("/proc/meminfo"), reason: "no MemTotal or MemAvailable")
        }
        return memory
    }
}
