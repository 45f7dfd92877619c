import Units

/// Which of the host's processes must be looked at, so that a look at all of them every 10 s costs little.
///
/// A process can become Node without a new pid: a shell or systemd's executor that calls execve(2) as its last deed. That happens while it is young.
struct Census {
    private struct Known {
        var since: Duration
        var isNode: Bool
    }

    /// How long a process is taken to be able to become another program.
    private static let youth = Duration.seconds(15)
    /// After so long everything is looked at again: a shell that becomes Node late, a pid that was used again.
    private static let pace = Duration.seconds(60)

    private var known: [ProcessID: Known] = [:]
    private var nextFull = Duration.zero

    /// - Parameter pids: all there are, or those of some cgroups.
    /// - Returns: those to look at.
    mutating func due(among pids: [ProcessID], isComplete: Bool, at now: Duration) -> [ProcessID] {
        let isFull = isComplete && now >= nextFull
        if isFull { nextFull = now + Self.pace }
        if isComplete {
            let present = Set(pids)
            known = known.filter { present.contains($0.key) }
        }
        return pids.filter { pid in
            guard let found = known[pid] else { return true }
            return found.isNode || isFull || now - found.since < Self.youth
        }
    }

    mutating func found(_ pid: ProcessID, isNode: Bool, at now: Duration) {
        known[pid] = Known(since: known[pid]?.since ?? now, isNode: isNode)
    }

    var count: Int { known.count }
}
