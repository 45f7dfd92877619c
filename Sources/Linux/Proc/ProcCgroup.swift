public import Units

/// A line of `/proc/PID/cgroup`: where a process is in one hierarchy.
public struct CgroupMembership: Sendable, Hashable {
    /// 0: the unified hierarchy, cgroup v2.
    public var hierarchyID: Int
    /// Of v1: `["cpu", "cpuacct"]`, or `["name=systemd"]`. Empty for v2.
    public var controllers: [String]
    /// Relative to the root of our own cgroup namespace; begins with `/..` when outside.
    public var path: String

    /// ```
    /// 4:memory:/docker/0123:4567
    /// 0::/system.slice/api.service
    /// ```
    static func parse(_ bytes: [UInt8]) -> [CgroupMembership]? {
        bytes.lines.compactMap { line in
            let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, let hierarchy = parts[0].number(Int.self) else { return nil }
            let path = parts[2].text
            let deleted = " (deleted)"  // v2, when the cgroup of a zombie was removed
            return CgroupMembership(
                hierarchyID: hierarchy, controllers: parts[1].split(separator: UInt8(ascii: ",")).map(\.text),
                path: path.hasSuffix(deleted) ? String(path.dropLast(deleted.count)) : path)
        }
    }
}

extension ProcessTable {
    public func cgroups(_ pid: ProcessID) throws(KernelError) -> [CgroupMembership]? { try read(pid, "cgroup", CgroupMembership.parse) }
}
