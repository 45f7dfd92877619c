public import Units

/// Who is at the other end, as the kernel recorded it when the connection was made (SO_PEERCRED, SO_PEERGROUPS): not as it says itself.
public struct Peer: Sendable, Hashable {
    /// For the record only: it can be another process by now. nil: of another pid namespace.
    public var pid: ProcessID?
    public var uid: UInt32
    /// Its group and the supplementary ones.
    public var groups: Set<UInt32>

    public init(pid: ProcessID?, uid: UInt32, groups: Set<UInt32>) {
        self.pid = pid
        self.uid = uid
        self.groups = groups
    }
}
