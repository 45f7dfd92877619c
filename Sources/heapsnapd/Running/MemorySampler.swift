import Linux
import MemoryWatch
import Node
import Units

/// Reads one process's memory for the loop: two small files each time (contract 8), a few more once a second. Some 5 µs.
struct MemorySampler {
    private let hostMemory: Recent<HostMemory?>
    private let statm: PolledStatm?
    var heapLimit: ByteCount?
    let hierarchy: MemoryHierarchy?
    /// What changes slowly: the limit, and how much of the cgroup's use the kernel could take back. Some 100 µs: once a second while the use moves, every 10 s
    /// at rest.
    private var slow: (limit: ByteCount?, reclaimable: ByteCount, current: ByteCount, at: Duration)?
    /// Of the cgroup; nil before the first sample, and where there is none.
    var limit: ByteCount? { slow?.limit }
    /// nil before the first sample.
    var reclaimable: ByteCount? { slow?.reclaimable }
    private(set) var heapBound = HeapBound()
    private var lastEstimate: (heap: ByteCount, rss: ByteCount, at: Duration)?

    init(_ process: NodeProcess, heapLimit: ByteCount?, table: ProcessTable, hostMemory: Recent<HostMemory?>) throws {
        self.hostMemory = hostMemory
        self.heapLimit = heapLimit
        statm = try PolledStatm(process.identity.pid, table: table)
        hierarchy = try MemoryHierarchy.of(process.identity.pid, in: table)
    }

    /// nil: the process is gone.
    mutating func sample(at now: Duration) throws -> Sample? {
        guard let statm = try statm?.read(), statm.rss > .zero else { return nil }
        var sample = Sample(at: now, rss: statm.rss, cgroup: try cgroupLevel(at: now))
        sample.heap = heapLimit.map { Level(use: heapBound.upperBound(rss: statm.rss), limit: $0) }
        return sample
    }

    /// The last estimate of the heap says little once memory has grown by so much since; walking smaps takes 10 ms, so once a second at most, and four
    /// times when a trigger is about to fire: admission then has a fresh one and can decide at once.
    func wantsEstimate(_ sample: Sample, decisive: ByteCount, isNearTrigger: Bool) -> Bool {
        guard let lastEstimate else { return true }
        // Nothing may fire on a mere bound, however fast it grew.
        if lastEstimate.heap < decisive, let bound = sample.heap?.use, bound >= decisive { return true }
        let (age, growth) = (sample.at - lastEstimate.at, sample.rss - lastEstimate.rss)
        if isNearTrigger && age >= .milliseconds(250) { return true }
        return growth >= .mebibytes(64) && age >= .milliseconds(100) || growth >= .mebibytes(16) && age >= .seconds(1)
            || heapBound.wantsEstimate(rss: sample.rss, at: sample.at, decisive: decisive)
    }

    /// An upper bound of the heap from an estimate of the last half second.
    func recentHeapBound(_ sample: Sample) -> ByteCount? {
        guard let lastEstimate, sample.at - lastEstimate.at < .milliseconds(500) else { return nil }
        return sample.heap?.use
    }

    /// Replaces the bound in the sample by what the process has now.
    mutating func estimated(_ estimate: HeapEstimate, _ sample: inout Sample) {
        heapBound.estimated(heap: estimate.bytes, rss: sample.rss, at: sample.at)
        lastEstimate = (estimate.bytes, sample.rss, sample.at)
        sample.heap?.use = heapBound.upperBound(rss: sample.rss)
    }

    /// The effective limit of the cgroup; without one the host's memory is the limit, and its kernel the one that kills.
    private mutating func cgroupLevel(at now: Duration) throws -> Level? {
        let used = try hierarchy?.leaf.current()
        if isStale(used ?? .zero, at: now) {
            slow = (try hierarchy?.effectiveLimit()?.limit, try hierarchy?.leaf.statistics()?.reclaimable ?? .zero, used ?? .zero, now)
        }
        guard let slow, let limit = slow.limit, let hierarchy else {
            guard let host = hostMemory.value else { return nil }
            return Level(use: host.total - host.available, limit: host.total)
        }
        guard let current = used else { return nil }
        let level = Level(use: max(.zero, current - slow.reclaimable), limit: limit)
        // Near the limit an old reading of the page cache is not good enough.
        if level.headroom < .mebibytes(64), now - slow.at >= .milliseconds(50), let fresh = try hierarchy.leaf.statistics()?.reclaimable {
            self.slow?.reclaimable = fresh
            return Level(use: max(.zero, current - fresh), limit: limit)
        }
        return level
    }

    private func isStale(_ current: ByteCount, at now: Duration) -> Bool {
        guard let slow else { return true }
        let moved = max(current, slow.current) - min(current, slow.current)
        return now - slow.at >= (moved >= .mebibytes(1) ? .seconds(1) : .seconds(10))
    }
}
