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
    /// The cgroup has ended or was made anew, or somebody else has set its limit: what we may have left elsewhere goes.
    ///
    /// Both of them throw `KernelError.system` with `Errno.resourceBusy` while the use is above the limit: to be tried again.
    func forget(_ cgroup: any MemoryCgroup) throws
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
    public func forget(_ cgroup: any MemoryCgroup) {}
}
