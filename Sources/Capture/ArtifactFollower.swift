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

    let table: ProcessTable
    let target: ProcessIdentity
    let hierarchy: MemoryHierarchy?
    let stallTimeout: Duration

    /// Ten looks a second: a stat, two reads of /proc and two of the cgroup, about 60 µs.
    private static let interval = Duration.milliseconds(100)

    /// - Parameters:
    ///   - artifact: nil until the directory says that one has appeared.
    ///   - report: called at each look.
    func follow(
        artifact: () async -> Artifact?, directory: ArtifactDirectory, report: (CaptureProgress) -> Void
    ) async -> (state: ArtifactProgress.State, artifact: Artifact?, cost: Cost) {
        var progress = ArtifactProgress(stallTimeout: stallTimeout, at: SystemClock.monotonic())
        var cost = Cost()
        var began: Duration?
        var found: Artifact?
        while true {
            if found == nil { found = await artifact() }
            var closed = false
            if let found { closed = await directory.isClosed(found.name) }
            let now = SystemClock.monotonic()
            let bytes = found.flatMap { SmallFile.size($0.path) }
            let alive = isAlive
            measure(&cost)
            let state = progress.observe(
                .init(bytes: bytes, closed: closed, cpuTime: alive ? try? table.mainThreadCPUTime(target.pid) : nil, at: now))
            if began == nil, bytes != nil { began = now }
            switch state {
            case .generating: report(.generating(elapsed: now - (began ?? now)))
            case .writing: report(.writing(progress.bytes))
            case .requested: break
            case .closed, .stalled, .targetDied:
                cost.pause = began.map { now - $0 }
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

    private func measure(_ cost: inout Cost) {
        if let rss = try? table.statm(target.pid)?.rss { cost.peakRSS = max(cost.peakRSS, rss) }
        let use = hierarchy.flatMap { try? workingSet($0.leaf) } ?? cost.peakRSS
        cost.peak = max(cost.peak, use)
    }
}
