public import Units

/// The limit that stops a process first, and who sets it.
public struct EffectiveLimit: Sendable {
    public let limit: ByteCount
    /// nil: an ancestor outside of our view (we are in a container).
    public let cgroup: (any MemoryCgroup)?
}

/// The cgroups of a process for the memory controller, from its own up to the mount point.
public struct MemoryHierarchy: Sendable {
    /// Leaf first, never empty. Of v2 only those in which the controller is enabled: the root, and what lies below it without
    /// delegation, has no memory files.
    public let cgroups: [any MemoryCgroup]
    public var leaf: any MemoryCgroup { cgroups[0] }

    public init?(_ cgroups: [any MemoryCgroup]) {
        guard !cgroups.isEmpty else { return nil }
        self.cgroups = cgroups
    }

    /// nil: the process is gone, no memory controller is mounted, or its cgroup is outside of what we can see.
    ///
    /// Decided for this controller alone: hybrid hosts have memory on v1 beside an empty v2 tree.
    public static func of(_ pid: ProcessID, in table: ProcessTable = ProcessTable()) throws(KernelError) -> MemoryHierarchy? {
        guard let memberships = try table.cgroups(pid) else { return nil }
        let mounts = try table.mounts()
        if let v1 = memberships.first(where: { $0.controllers.contains("memory") }) {
            let mounts = mounts.filter { $0.fileSystem == "cgroup" && $0.superOptions.contains("memory") }
            let directories = directories(of: v1, in: mounts, root: table.root)
            return MemoryHierarchy(directories.filter { KernelFile.exists($0 + "/memory.usage_in_bytes") }.map { CgroupV1Memory(path: $0) })
        }
        guard let v2 = memberships.first(where: { $0.hierarchyID == 0 }) else { return nil }
        let directories = directories(of: v2, in: mounts.filter { $0.fileSystem == "cgroup2" }, root: table.root)
        return MemoryHierarchy(directories.filter { KernelFile.exists($0 + "/memory.current") }.map { CgroupV2Memory(path: $0) })
    }

    /// The smallest limit of all; nil: none. A few small files.
    public func effectiveLimit() throws(KernelError) -> EffectiveLimit? {
        let unlimited = ByteCount(Int64.max)
        var smallest: EffectiveLimit?
        for cgroup in cgroups {
            guard let limit = try cgroup.limit(), limit < smallest?.limit ?? unlimited else { continue }
            smallest = EffectiveLimit(limit: limit, cgroup: cgroup)
        }
        guard let inherited = try leaf.inheritedLimit(), inherited < smallest?.limit ?? unlimited else { return smallest }
        return EffectiveLimit(limit: inherited, cgroup: nil)
    }

    /// All whose own limit is below `size`, leaf first: those that a loan up to `size` must raise.
    public func limiting(atMost size: ByteCount) throws(KernelError) -> [any MemoryCgroup] {
        var limiting: [any MemoryCgroup] = []
        for cgroup in cgroups {
            if let limit = try cgroup.limit(), limit < size { limiting.append(cgroup) }
        }
        return limiting
    }
}

/// Directories from the cgroup up to the mount point. The membership and the mount's root are both relative to our cgroup namespace:
/// `/docker/12/app` in a mount whose root is `/docker/12` lies at `MOUNTPOINT/app`.
private func directories(of membership: CgroupMembership, in mounts: [Mount], root: FileSystemRoot) -> [String] {
    let components = membership.path.split(separator: "/")
    let candidates = mounts.map { (mount: $0, root: $0.root.split(separator: "/")) }.filter { components.starts(with: $0.root) }
    // Of several views the widest: it shows the most ancestors.
    guard let (mount, above) = candidates.min(by: { $0.root.count < $1.root.count }) else { return [] }
    let below = components.dropFirst(above.count)
    guard !below.contains("..") else { return [] }
    return (0...below.count).reversed().map { depth in
        root.path(([mount.mountPoint] + below.prefix(depth).map(String.init)).joined(separator: "/"))
    }
}
