import Glibc
public import Units

/// Who is at the other end, as the kernel recorded it when the connection was made (unix(7)): not as it says itself.
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

    /// SO_PEERCRED and SO_PEERGROUPS of a connected Unix socket; nil: the kernel does not say, and nobody unknown is served.
    static func read(_ socket: Int32) -> Peer? {
        // struct ucred: pid, uid, gid. Glibc's module lacks it.
        var credentials: (pid: pid_t, uid: uid_t, gid: gid_t) = (0, .max, .max)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, size == 12, credentials.uid != .max else { return nil }
        let pid = credentials.pid > 0 ? ProcessID(credentials.pid) : nil
        return Peer(pid: pid, uid: credentials.uid, groups: Set([credentials.gid] + supplementaryGroups(socket)))
    }

    private static func supplementaryGroups(_ socket: Int32) -> [UInt32] {
        var groups: [UInt32] = Array(repeating: 0, count: 64)
        while true {
            var size = socklen_t(groups.count * MemoryLayout<UInt32>.size)
            // The kernel says in `size` how much it has, where that is more than there is room for (ERANGE): at most 65,536 groups.
            if getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, &groups, &size) == 0 { return Array(groups.prefix(Int(size) / 4)) }
            guard errno == ERANGE, Int(size) / 4 > groups.count, size <= 262_144 else { return [] }
            groups = Array(repeating: 0, count: Int(size) / 4)
        }
    }
}
