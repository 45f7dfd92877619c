import Glibc
public import Linux
public import Units

/// Where a copy lives (contract 11): new pages are charged to whoever faults them in, so the copy must not sit in the service's cgroup.
public struct CaptureCgroup: Sendable {
    public let cgroup: any MemoryCgroup
    private static let prefix = "heapsnapd-capture-"

    /// Outside every limited ancestor of the service, below the root that we see; with a limit of its own.
    ///
    /// - Parameter limit: what the host can spare for the copy; beyond it the kernel kills the copy and nobody else.
    /// - Returns: why there can be none: rung 1b then.
    public static func make(_ id: String, outside hierarchy: MemoryHierarchy, limit: ByteCount) -> Result<CaptureCgroup, LendingObstacle> {
        guard let root = root(of: hierarchy) else { return .failure(LendingObstacle("the root of the cgroups is not ours to write")) }
        removeLeftovers(below: root)
        let name = "\(prefix)\(getpid())-\(id)"
        do {
            let cgroup: any MemoryCgroup =
                switch root.version {
                case .v1: try CgroupV1Memory.create(name, below: root)
                case .v2: try CgroupV2Memory.create(name, below: root)
                }
            let made = CaptureCgroup(cgroup: cgroup)
            do {
                // An ancestor that we cannot see: we are in a container.
                if let inherited = try cgroup.inheritedLimit() {
                    made.remove()
                    return .failure(LendingObstacle("an ancestor that cannot be seen from here limits it to \(inherited)"))
                }
                try cgroup.setLimit(limit)
                return .success(made)
            } catch {
                made.remove()
                return .failure(LendingObstacle("\(error)"))
            }
        } catch { return .failure(LendingObstacle("\(error)")) }
    }

    /// Whether a copy of this service would live outside of its limits (rung 1a), as far as can be told without making a cgroup.
    public static func isPossible(outside hierarchy: MemoryHierarchy) -> Bool {
        guard let root = root(of: hierarchy) else { return false }
        return root.version == .v2 || (try? root.inheritedLimit()) == .some(nil)
    }

    /// - Throws: `KernelError`. False: the copy is gone.
    public func add(_ copy: ProcessID) throws -> Bool { try cgroup.add(copy) }

    /// Highest use so far.
    public var peak: ByteCount? { (try? cgroup.peak()).flatMap(\.self) }

    /// Whether the kernel killed the copy for its own limit.
    public var hasKilled: Bool { ((try? cgroup.events()).flatMap(\.self)?.oomKill ?? 0) > 0 }

    /// Kills what is left in it. The directory goes as soon as the kernel lets it; else with the next capture.
    public func remove() {
        for pid in (try? cgroup.processes()) ?? [] { kill(pid.rawValue, SIGKILL) }
        // A process that was killed a moment ago still counts: EBUSY.
        for _ in 0..<20 where (try? cgroup.remove()) == nil { usleep(10_000) }
    }

    /// Of a heapsnapd that was killed: its copy has died with the control socket. The name carries its pid.
    private static func removeLeftovers(below root: any MemoryCgroup) {
        for name in (try? SmallFile.names(in: root.path)) ?? [] where name.hasPrefix(prefix) {
            guard let pid = Int32(name.dropFirst(prefix.count).prefix { $0 != "-" }), kill(pid, 0) != 0, errno == ESRCH else { continue }
            let path = "\(root.path)/\(name)"
            let left: any MemoryCgroup = root.version == .v1 ? CgroupV1Memory(path: path) : CgroupV2Memory(path: path)
            if (try? left.processes())?.isEmpty == true { _ = try? left.remove() }
        }
    }

    /// The widest cgroup that we see, where nothing limits it and cgroups can be made in it.
    private static func root(of hierarchy: MemoryHierarchy) -> (any MemoryCgroup)? {
        guard let top = hierarchy.cgroups.last else { return nil }
        switch top.version {
        case .v1:
            guard (try? top.limit()) == .some(nil), access(top.path, W_OK) == 0 else { return nil }
            return top
        case .v2:
            // The root of the tree has no memory files, so it is the directory above the last that has; in a container that is none of cgroup2.
            let above = String(top.path[..<(top.path.lastIndex(of: "/") ?? top.path.startIndex)])
            guard SmallFile.size(above + "/cgroup.subtree_control") != nil, SmallFile.size(above + "/memory.max") == nil,
                access(above + "/cgroup.subtree_control", W_OK) == 0
            else { return nil }
            return CgroupV2Memory(path: above)
        }
    }
}
