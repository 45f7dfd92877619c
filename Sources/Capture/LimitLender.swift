public import Linux
public import Units

/// Writes a raised limit and takes it back. Direct for cgroups that are ours; through systemd for a unit's cgroup, where a direct write is undone by
/// the next daemon-reload (traps.md, contract 17).
public protocol LimitLender: Sendable {
    /// As it is written in the loan: `cgroup`, `systemd`.
    var name: String { get }
    /// Why the limit of this cgroup cannot be changed; nil where it can.
    func obstacle(_ cgroup: any MemoryCgroup) -> String?
    func raise(_ cgroup: any MemoryCgroup, to limit: ByteCount) throws
    /// - Parameter final: the limit is back where the administrator had it; forget that it was ever ours.
    func lower(_ cgroup: any MemoryCgroup, to limit: ByteCount, final: Bool) throws
}

/// The file itself: a container's own cgroup, a cgroup made by hand.
public struct CgroupLender: LimitLender {
    public let name = "cgroup"

    public init() {}

    public func obstacle(_ cgroup: any MemoryCgroup) -> String? {
        cgroup.isLimitWritable ? nil : "\(cgroup.path) is not writable here"
    }

    public func raise(_ cgroup: any MemoryCgroup, to limit: ByteCount) throws { try cgroup.setLimit(limit) }
    public func lower(_ cgroup: any MemoryCgroup, to limit: ByteCount, final: Bool) throws { try cgroup.setLimit(limit) }
}
