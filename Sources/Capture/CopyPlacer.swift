import Glibc
public import Linux
public import Units

/// What a copy is to have outside of the service's limits.
public struct CopyPlacement: Sendable {
    /// The capture's.
    public let id: String
    public let service: String
    /// Of the service.
    public let hierarchy: MemoryHierarchy
    /// What the host can spare for the copy; beyond it the kernel kills the copy and nobody else.
    public let limit: ByteCount

    /// One for each copy: a second one may come before the first one's has gone.
    public func name(of copy: ProcessID) -> String { "heapsnapd-capture-\(id)-\(copy)" }
}

/// Gives copies a cgroup outside of every limited ancestor of the service (rung 1a): by hand, or through systemd.
public protocol CopyPlacer: Sendable {
    /// Why there can be none; nil where there can, as far as can be told without making one.
    func obstacle(outside hierarchy: MemoryHierarchy) -> String?
    /// Makes one and moves the copy there, with a limit of its own.
    /// - Throws: `KernelError` with `Errno.noSuchProcess`: the copy is gone.
    func place(_ copy: ProcessID, _ placement: CopyPlacement) throws -> CaptureCgroup
}

/// A directory below the root that we see. Half a millisecond.
public struct CgroupPlacer: CopyPlacer {
    private static let prefix = "heapsnapd-capture-"

    public init() {}

    public func obstacle(outside hierarchy: MemoryHierarchy) -> String? {
        guard let root = root(of: hierarchy) else { return "the root of the cgroups is not ours to write" }
        // Of an ancestor that we cannot see: we are in a container.
        guard let inherited = (try? root.inheritedLimit()).flatMap(\.self) else { return nil }
        return "an ancestor that cannot be seen from here limits it to \(inherited)"
    }

    public func place(_ copy: ProcessID, _ placement: CopyPlacement) throws -> CaptureCgroup {
        guard let root = root(of: placement.hierarchy) else { throw LendingObstacle("the root of the cgroups is not ours to write") }
        removeLeftovers(below: root)
        let name = "\(Self.prefix)\(getpid())-\(placement.name(of: copy).dropFirst(Self.prefix.count))"
        let cgroup: any MemoryCgroup =
            switch root.version {
            case .v1: try CgroupV1Memory.create(name, below: root)
            case .v2: try CgroupV2Memory.create(name, below: root)
            }
        let made = CaptureCgroup(cgroup, note: "in \(cgroup.path)")
        do {
            try cgroup.setLimit(placement.limit)
            guard try cgroup.add(copy) else { throw KernelError.system(operation: "move process \(copy)", .noSuchProcess) }
            return made
        } catch {
            made.remove()
            throw error
        }
    }

    /// Of a heapsnapd that was killed: its copy has died with the control socket. The name carries its pid.
    private func removeLeftovers(below root: any MemoryCgroup) {
        for name in (try? SmallFile.names(in: root.path)) ?? [] where name.hasPrefix(Self.prefix) {
            guard let pid = Int32(name.dropFirst(Self.prefix.count).prefix { $0 != "-" }), kill(pid, 0) != 0, errno == ESRCH else { continue }
            let path = "\(root.path)/\(name)"
            let left: any MemoryCgroup = root.version == .v1 ? CgroupV1Memory(path: path) : CgroupV2Memory(path: path)
            if (try? left.processes())?.isEmpty == true { _ = try? left.remove() }
        }
    }

    /// The widest cgroup that we see, where nothing limits it and cgroups can be made in it.
    private func root(of hierarchy: MemoryHierarchy) -> (any MemoryCgroup)? {
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
