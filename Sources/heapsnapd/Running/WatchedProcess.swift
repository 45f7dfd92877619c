import Capture
import Linux
import MemoryWatch
import Node
import Units

/// The one process of a service that is watched, and what is known of it from its start.
struct WatchedProcess {
    let process: NodeProcess
    let service: String
    let heapLimit: ByteCount?
    /// Of the cgroup at the start: what is counted on top was during its life.
    let oomKillsBefore: UInt64?
    var sampler: MemorySampler

    init(_ process: NodeProcess, service: String, workplace: Workplace) throws {
        self.process = process
        self.service = service
        heapLimit = workplace.heapLimit(of: process)
        sampler = try MemorySampler(process, heapLimit: heapLimit, table: workplace.table)
        oomKillsBefore = try sampler.hierarchy?.leaf.events()?.oomKill
    }

    /// The heap at which something would have to be done: the smaller of what a trigger names and the one whose snapshot would stop the service for
    /// longer than allowed.
    func decisiveHeap(_ workplace: Workplace, _ rules: [RuleState]) -> ByteCount {
        let shares = rules.flatMap { $0.rule.triggers }.compactMap { trigger -> Ratio? in
            switch trigger {
            case .use(let share), .heap(let share): share
            default: nil
            }
        }
        let ofLimit = (shares.min() ?? .percent(80)).of(heapLimit ?? .gibibytes(4))
        let cost = workplace.site.predictedCost(heap: .mebibytes(100), version: process.version, service: service)
        let patient = ByteCount.mebibytes(100) * (workplace.configuration.capture.maxPause.inSeconds / max(0.1, cost.pause.inSeconds))
        return min(ofLimit, patient * 0.8)
    }

    /// Until when a capture in place still fits, below the limit with what may be lent and within the pause that is allowed.
    func safeMoment(_ sample: Sample, cgroup: Forecast?, heap: Forecast?, workplace: Workplace) -> LatestSafeMoment? {
        guard cgroup != nil || heap != nil, let level = sample.cgroup else { return nil }
        let size = sample.heap?.use ?? sample.rss
        let cost = workplace.site.predictedCost(heap: max(size, .mebibytes(1)), version: process.version, service: service)
        let perByte = 1 / Double(max(size, .mebibytes(1)).bytes)
        return LatestSafeMoment.compute(
            use: level.use, growth: cgroup?.growth ?? .zero, heap: size, heapGrowth: heap?.growth ?? .zero, limit: level.limit + spare(workplace),
            extraPerHeapByte: Double(cost.extra.bytes) * perByte, pausePerHeapByte: cost.pause.inSeconds * perByte,
            maxPause: workplace.configuration.capture.maxPause, reaction: .seconds(1))
    }

    /// What could be lent now (contract 15).
    private func spare(_ workplace: Workplace) -> ByteCount {
        guard workplace.configuration.capture.lend, let hierarchy = sampler.hierarchy, let host = try? workplace.table.hostMemory(),
            let limit = try? hierarchy.effectiveLimit()?.limit,
            case .success? = try? workplace.site.loans.lender(for: hierarchy, limit: limit + .mebibytes(1))
        else { return .zero }
        return Admission.spare(available: host.available, total: host.total)
    }
}
