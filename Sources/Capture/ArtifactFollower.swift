import Linux
import Units

/// Follows one file from its request to its end, and measures meanwhile what the capture costs the service.
struct ArtifactFollower {
    /// What was seen while the file was made.
    struct Cost: Sendable {
        /// Highest use of the service's cgroup less what can be reclaimed; of its RSS where it has none.
        var peak = ByteCount.zero
        var peakRSS = ByteCount.zero
        /// From the appearance of the file to its end: Node creates it when it begins and does nothing else meanwhile.
        var pause: Duration?
    }

    let site: CaptureSite
    let request: CaptureRequest
    let hierarchy: MemoryHierarchy?

    private var table: ProcessTable { site.table }
    private var target: ProcessIdentity { request.process.identity }

    /// Ten looks a second: a stat, two reads of /proc and two of the cgroup, about 60 µs.
    private static let interval = Duration.milliseconds(100)

    /// - Parameters:
    ///   - outcome: its loan is raised further where the snapshot needs more than was predicted.
    ///   - artifact: nil until the directory says that one has appeared.
    ///   - report: called at each look.
    func follow(
        _ outcome: inout CaptureOutcome, artifact: () async -> Artifact?, directory: ArtifactDirectory, report: (CaptureProgress) -> Void
    ) async -> (state: ArtifactProgress.State, artifact: Artifact?, cost: Cost) {
        let predicted = outcome.record.prediction?.pause?.duration ?? .seconds(60)
        var progress = ArtifactProgress(
            stallTimeout: request.stallTimeout, longestWalk: max(.seconds(60), predicted * 10), at: SystemClock.monotonic())
        var cost = Cost()
        var began: Duration?
        var found: Artifact?
        while true {
            if found == nil {
                found = await artifact()
                if found != nil { try? site.loans.hasBegun(target, heldBy: site.holder) }
            }
            var closed = false
            if let found { closed = await directory.isClosed(found.name) }
            let now = SystemClock.monotonic()
            let bytes = found.flatMap { SmallFile.size($0.path) }
            let alive = isAlive
            let use = measure(&cost)
            if alive, let hierarchy { try? site.keepHeadroom(for: request, hierarchy: hierarchy, use: use, outcome: &outcome) }
            let state = progress.observe(
                .init(bytes: bytes, closed: closed, cpuTime: alive ? try? table.mainThreadCPUTime(target.pid) : nil, at: now))
            if began == nil, bytes != nil { began = now }
            switch state {
            case .generating: report(.generating(elapsed: now - (began ?? now)))
            case .writing: report(.writing(progress.bytes))
            case .requested: break
            case .closed, .stalled, .targetDied:
                // What was seen in steps of 100 ms is exact by the file's own times, where it has them.
                cost.pause = found.flatMap { SmallFile.lifetime($0.path) } ?? began.map { now - $0 }
                return (state, found, cost)
            }
            do { try await Task.sleep(for: Self.interval) } catch { return (state, found, cost) }
        }
    }

    /// A process that is ending has given its memory back before its files are closed.
    private var isAlive: Bool {
        guard (try? table.identity(target.pid)) == target, let rss = try? table.statm(target.pid)?.rss else { return false }
        return rss > .zero
    }

    /// - Returns: the use of the cgroup now.
    private func measure(_ cost: inout Cost) -> ByteCount {
        if let rss = try? table.statm(target.pid)?.rss { cost.peakRSS = max(cost.peakRSS, rss) }
        let use = hierarchy.flatMap { try? workingSet($0.leaf) } ?? cost.peakRSS
        cost.peak = max(cost.peak, use)
        return use
    }
}
