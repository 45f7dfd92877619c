import Capture
import Linux
import MemoryWatch
import Node
import SnapshotStore
import Units

/// The one process of a service that is watched, and what is known of it from its start.
struct WatchedProcess {
    let process: NodeProcess
    let service: String
    let since = SystemClock.now()
    private(set) var heapLimit: ByteCount?
    /// Of the cgroup at the start: what is counted on top was during its life.
    let oomKillsBefore: OOMKills?
    var sampler: MemorySampler
    /// A copy of it needs nothing of its own limit (rung 1a).
    let copiesLiveOutside: Bool
    /// The heap at which something would have to be done: the smaller of what a trigger names and the one whose snapshot would stop the service for
    /// longer than allowed.
    private(set) var decisiveHeap = ByteCount.zero
    /// The largest heap whose snapshot stops the service no longer than allowed.
    private var patientHeap = ByteCount.zero
    private var learned: LearnedFactors?
    /// What could be lent (contract 15), a second old at most: host memory, all limits of the ancestors.
    private var spare: (bytes: ByteCount, at: Duration)?

    init(_ process: NodeProcess, service: String, rules: [Rule], workplace: Workplace) throws {
        self.process = process
        self.service = service
        heapLimit = workplace.heapLimit(of: process)
        sampler = try MemorySampler(process, heapLimit: heapLimit, table: workplace.table, hostMemory: workplace.hostMemory)
        copiesLiveOutside = sampler.hierarchy.map { workplace.site.placer.obstacle(outside: $0) == nil } ?? false
        oomKillsBefore = try OOMKills(countedBy: sampler.hierarchy)
        learn(rules: rules, workplace: workplace)
    }

    mutating func heapLimitIsKnown(_ limit: ByteCount, rules: [Rule], workplace: Workplace) {
        heapLimit = limit
        sampler.heapLimit = limit
        learn(rules: rules, workplace: workplace)
    }

    /// What captures have cost, anew: at the start, and after each of them. Not in the loop (contract 8).
    mutating func learn(rules: [Rule], workplace: Workplace) {
        learned = workplace.site.learnedFactors(of: SnapshotRecord.owner(service: service, unit: process.unit))
        patientHeap = SnapshotCost.largestHeap(pausing: workplace.configuration.capture.maxPause, version: process.version, learned: learned)
        let shares = rules.flatMap(\.triggers).compactMap { trigger -> Ratio? in
            switch trigger {
            case .use(let share), .heap(let share): share
            default: nil
            }
        }
        decisiveHeap = min((shares.min() ?? .percent(80)).of(heapLimit ?? .gibibytes(4)), patientHeap * 0.8)
    }

    func wantsEstimate(_ sample: Sample, isNearTrigger: Bool) -> Bool {
        sampler.wantsEstimate(sample, decisive: decisiveHeap, isNearTrigger: isNearTrigger)
    }

    /// Until when a capture in place still fits, below the limit with what may be lent and within the pause that is allowed.
    mutating func safeMoment(_ sample: Sample, cgroup: Forecast?, heap: Forecast?, workplace: Workplace) -> LatestSafeMoment? {
        guard cgroup != nil || heap != nil, let level = sample.cgroup else { return nil }
        let size = max(sample.heap?.use ?? sample.rss, .mebibytes(1))
        let cost = SnapshotCost.predict(
            heap: size, version: process.version, learned: learned, extraPerHeapByte: workplace.configuration.capture.extraPerHeapByte)
        return LatestSafeMoment.compute(
            use: level.use, growth: cgroup?.growth ?? .zero, heap: size, heapGrowth: heap?.growth ?? .zero,
            limit: level.limit + spare(workplace, at: sample.at), extraPerHeapByte: Double(cost.extra.bytes) / Double(size.bytes),
            patientHeap: patientHeap, reaction: .seconds(1))
    }

    private mutating func spare(_ workplace: Workplace, at now: Duration) -> ByteCount {
        if let spare, now - spare.at < .seconds(1) { return spare.bytes }
        let bytes = lendable(workplace)
        spare = (bytes, now)
        return bytes
    }

    private func lendable(_ workplace: Workplace) -> ByteCount {
        guard workplace.configuration.capture.lend, let hierarchy = sampler.hierarchy, let host = try? workplace.table.hostMemory(),
            let limit = try? hierarchy.effectiveLimit()?.limit,
            case .success? = try? workplace.site.loans.lender(for: hierarchy, limit: limit + .mebibytes(1))
        else { return .zero }
        return Admission.spare(available: host.available, total: host.total)
    }
}
