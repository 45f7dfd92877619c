public import Units

/// How full one limit is.
public struct Level: Sendable, Hashable {
    /// For a cgroup: charged memory less what the kernel could reclaim. For V8: its heap, or an upper bound of it.
    public var use: ByteCount
    /// The effective limit: the smallest among the cgroup and its ancestors; for V8 its own.
    public var limit: ByteCount

    public init(use: ByteCount, limit: ByteCount) {
        self.use = use
        self.limit = limit
    }

    public var headroom: ByteCount { limit - use }
    public var share: Ratio { Ratio(use, of: limit) }
}

/// Which limit ends the process: the kernel's for the cgroup (SIGKILL) or V8's for its heap (SIGABRT).
public enum LimitKind: String, Sendable, Codable, CaseIterable { case cgroup, heap }

/// What was seen of one process at one instant. A level is nil where there is no such limit or it is not known.
public struct Sample: Sendable, Hashable {
    /// Since an arbitrary origin, monotonic.
    public var at: Duration
    public var rss: ByteCount
    public var cgroup: Level?
    public var heap: Level?

    public init(at: Duration, rss: ByteCount, cgroup: Level? = nil, heap: Level? = nil) {
        self.at = at
        self.rss = rss
        self.cgroup = cgroup
        self.heap = heap
    }

    public func level(_ kind: LimitKind) -> Level? { kind == .cgroup ? cgroup : heap }

    /// The limit that is fuller, which is the one that matters (contract 9).
    public var nearest: (kind: LimitKind, level: Level)? {
        guard let heap else { return cgroup.map { (.cgroup, $0) } }
        guard let cgroup, cgroup.share >= heap.share else { return (.heap, heap) }
        return (.cgroup, cgroup)
    }
}
