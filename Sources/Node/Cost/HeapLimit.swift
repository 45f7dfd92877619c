public import Units

/// V8's own limit: `heap_size_limit` of v8.getHeapStatistics(), at which a process ends with "JavaScript heap out of memory".
///
/// V8 computes it once, at the start (src/heap/heap.cc: Heap::HeapSizeFromPhysicalMemory, GenerationSizesFromHeapSize, ConfigureHeap),
/// from the memory that Node tells it (src/api/environment.cc, SetIsolateCreateParamsForNode: the smaller of the host's memory and
/// uv_get_constrained_memory). It is the old generation plus three semi-spaces: two, and as much again for new large objects.
/// Checked against 18.18.2, 20.18.0, 20.20.2, 22.20.0, 24.19.0 and 26.7.0, 256 combinations in all;
/// left out: --max-heap-size together with --max-old-space-size, --no-huge-max-old-generation-size, pointer-compressed and 32-bit builds.
public enum HeapLimit {
    /// - Parameters:
    ///   - constrainedMemory: the cgroup's limit as that process saw it when it started (`ConstrainedMemory`); nil: none.
    ///   - hostMemory: MemTotal.
    /// - Returns: nil below Node 14, whose V8 was not looked at.
    public static func predict(version: NodeVersion, flags: NodeFlags, constrainedMemory: ByteCount?, hostMemory: ByteCount) -> ByteCount? {
        guard version.major >= 14 else { return nil }
        let memory = min(constrainedMemory ?? hostMemory, hostMemory)
        let young = YoungGeneration(version)
        let defaultOld = defaultOldGeneration(memory: memory, version: version)
        let semiSpace = flags.optimizeForSize ? .mebibytes(1) : young.semiSpace(old: defaultOld, memory: memory)
        if let percentage = flags.maxOldSpaceSizePercentage {
            // Node turns it into --max-old-space-size, in whole MiB (measured on 24 and 26).
            let old = ByteCount.mebibytes(Int(memory.mebibytes.rounded(.towardZero) * percentage / 100))
            return old + young.size(semiSpace: flags.maxSemiSpaceSize ?? semiSpace)
        }
        if flags.maxOldSpaceSize == nil, let whole = flags.maxHeapSize { return whole }
        let old = flags.maxOldSpaceSize ?? defaultOld
        return old + young.size(semiSpace: flags.maxSemiSpaceSize ?? semiSpace)
    }

    /// Half of the memory, between 256 MiB and 2 GiB; up to 4 GiB on a large host (--huge-max-old-generation-size, on by default): from
    /// 15.5 GiB on Node 20, from 15 GiB since Node 22 (measured).
    private static func defaultOldGeneration(memory: ByteCount, version: NodeVersion) -> ByteCount {
        let isLarge = memory >= .mebibytes(version.major < 22 ? 15_872 : 15_360)
        let greatest: ByteCount = isLarge ? .gibibytes(4) : .gibibytes(2)
        let page: Int64 = 256 << 10
        let half = min(max(ByteCount(memory.bytes / 4 * 2), .mebibytes(256)), greatest)
        return ByteCount((half.bytes + page - 1) / page * page)
    }
}

/// The young generation's share, which differs between versions of V8.
private struct YoungGeneration {
    /// Old generation to semi-space, above and up to the size of old generation that V8 calls low memory.
    let ratio, lowMemoryRatio: Int64
    let greatest: ByteCount
    /// Memory up to which the low-memory ratio holds: an old generation of 256 MiB.
    let lowMemory: ByteCount

    /// Measured. Odd versions were not; they get the values of the neighbour with the smaller young generation: a limit that is
    /// predicted too low is met too early, not too late.
    init(_ version: NodeVersion) {
        switch version.major {
        case 24: (ratio, lowMemoryRatio, greatest, lowMemory) = (32, 256, .mebibytes(64), .mebibytes(512))
        case 25...: (ratio, lowMemoryRatio, greatest, lowMemory) = (64, 128, .mebibytes(32), .mebibytes(256))
        default: (ratio, lowMemoryRatio, greatest, lowMemory) = (128, 256, .mebibytes(16), .mebibytes(512))
        }
    }

    func semiSpace(old: ByteCount, memory: ByteCount) -> ByteCount {
        min(ByteCount(old.bytes / (memory <= lowMemory ? lowMemoryRatio : ratio)), greatest)
    }

    /// ConfigureHeap rounds a semi-space up to a power of two.
    func size(semiSpace: ByteCount) -> ByteCount {
        var rounded = ByteCount.mebibytes(1)
        while rounded < semiSpace { rounded += rounded }
        return ByteCount(rounded.bytes * 3)
    }
}
