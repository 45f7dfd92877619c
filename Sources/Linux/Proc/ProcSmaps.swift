import Glibc
public import Units

/// `/proc/PID/smaps_rollup`. The kernel walks all page tables and holds the mmap lock of the target: never in a polling loop.
public struct SmapsRollup: Sendable, Hashable {
    public var rss: ByteCount
    /// Each shared page divided by the number of processes that map it.
    public var pss: ByteCount
    public var swap: ByteCount
    public var swapPss: ByteCount

    /// ```
    /// 00400000-7ffd2b5f6000 ---p 00000000 00:00 0                              [rollup]
    /// Rss:               44120 kB
    /// Pss:               41002 kB
    /// Swap:                  0 kB
    /// SwapPss:               0 kB
    /// ```
    static func parse(_ bytes: [UInt8]) -> SmapsRollup? {
        var values: [String: ByteCount] = [:]
        for line in bytes.lines {
            if let (label, value) = line.labelled, let size = kibibytes(value) { values[label] = size }
        }
        guard let rss = values["Rss"], let pss = values["Pss"] else { return nil }
        return SmapsRollup(rss: rss, pss: pss, swap: values["Swap"] ?? .zero, swapPss: values["SwapPss"] ?? .zero)
    }
}

/// Sums Rss over the mappings whose VmFlags hold `dc` (do not copy on fork), which V8 sets on the pages of its heap since Node 20.
///
/// ```
/// 1b2c00000-1b2c40000 rw-p 00000000 00:00 0
/// Rss:                 256 kB
/// VmFlags: rd wr mr mw me dc ac sd
/// ```
/// Each mapping ends with its VmFlags. Without String: the text of a Node process is half a megabyte.
func parseDontForkRSS(_ bytes: [UInt8]) -> ByteCount {
    let rssLabel = Array("Rss:".utf8), flagsLabel = Array("VmFlags:".utf8)
    return bytes.withUnsafeBytes { text in
        var total = 0, rss = 0
        var start = 0
        while start < text.count {
            let end = memchr(text.baseAddress! + start, 10, text.count - start).map { text.baseAddress!.distance(to: $0) } ?? text.count
            let line = text[start..<end]
            if line.starts(with: rssLabel) {
                rss = line.reduce(0) { (48...57).contains($1) ? $0 * 10 + Int($1 - 48) : $0 }
            } else if line.starts(with: flagsLabel), holdsDontCopy(line) {
                total += rss
            }
            start = end + 1
        }
        return .kibibytes(total)
    }
}

/// Flags are two letters and a space.
private func holdsDontCopy(_ flags: Slice<UnsafeRawBufferPointer>) -> Bool {
    let start = flags.startIndex + "VmFlags:".utf8.count
    return (start..<max(start, flags.endIndex - 2)).contains {
        flags[$0] == UInt8(ascii: " ") && flags[$0 + 1] == UInt8(ascii: "d") && flags[$0 + 2] == UInt8(ascii: "c")
    }
}

extension ProcessTable {
    /// Cost: a millisecond and more, with the target's mmap lock held for reading.
    public func smapsRollup(_ pid: ProcessID) throws(KernelError) -> SmapsRollup? { try read(pid, "smaps_rollup", SmapsRollup.parse) }

    /// V8's heap from outside (Node 20 and later); zero when the process marks no pages. Cost: about 10 ms, with the target's mmap lock
    /// held for reading: never in a polling loop.
    public func dontForkRSS(_ pid: ProcessID) throws(KernelError) -> ByteCount? {
        guard let bytes = try KernelFile.read(path(pid, "smaps"), expecting: 1 << 20) else { return nil }
        guard !bytes.isEmpty || KernelFile.exists(path(pid, "stat")) else { return nil }
        return parseDontForkRSS(bytes)
    }
}
