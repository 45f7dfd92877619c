import Capture
import Linux
import Systemd
import Units

/// Where systemd runs on cgroup v2: a transient scope in a slice of their own, which systemd knows and which survives the stop of the unit (contract 11). Where
/// that fails a directory below the root: the copy waits 5 s, and the service near V8's limit 50 ms.
struct ScopePlacer: CopyPlacer {
    static let slice = "heapsnapd-capture.slice"
    private static let patience = Duration.seconds(2)
    private let table: ProcessTable
    private let byHand = CgroupPlacer()

    private init(table: ProcessTable) { self.table = table }

    static func ofThisHost(table: ProcessTable) -> any CopyPlacer {
        UnitMemory().isSystemdRunning ? ScopePlacer(table: table) : CgroupPlacer()
    }

    func obstacle(outside hierarchy: MemoryHierarchy) -> String? {
        if hierarchy.leaf.version == .v2, SystemdConnection.scopeObstacle == nil { return nil }
        return byHand.obstacle(outside: hierarchy)
    }

    func place(_ copy: ProcessID, _ placement: CopyPlacement) throws -> CaptureCgroup {
        guard placement.hierarchy.leaf.version == .v2 else { return try byHand.place(copy, placement) }
        do { return try scope(around: copy, placement) } catch let error as SystemdError {
            guard byHand.obstacle(outside: placement.hierarchy) == nil else { throw error }
            var made = try byHand.place(copy, placement)
            made.note += ", not in a scope: \(error)"
            return made
        }
    }

    private func scope(around copy: ProcessID, _ placement: CopyPlacement) throws -> CaptureCgroup {
        let name = placement.name(of: copy) + ".scope"
        let scope = Scope(
            name: name, slice: Self.slice, description: "heapsnapd: snapshot \(placement.id) of \(placement.service)", memoryMax: placement.limit)
        try SystemdConnection().start(scope, around: copy, patience: Self.patience)
        guard let hierarchy = try MemoryHierarchy.of(copy, in: table) else {
            throw KernelError.system(operation: "find process \(copy)", .noSuchProcess)
        }
        // The leaf is the scope, and its slice lies above.
        guard hierarchy.leaf.path.hasSuffix("/\(name)"), hierarchy.cgroups.count > 1 else {
            throw SystemdError(operation: "start \(name)", reason: "process \(copy) is in \(hierarchy.leaf.path)")
        }
        return CaptureCgroup(hierarchy.leaf, in: hierarchy.cgroups[1], note: "in \(Self.slice)/\(name)")
    }
}
