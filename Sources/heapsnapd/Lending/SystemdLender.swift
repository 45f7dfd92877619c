import Capture
import Linux
import SystemPackage
import Systemd
import Units

/// Where systemd runs: the limits of units through it, because it undoes what others write there (contract 17). Cgroups inside a delegated unit, and
/// those made by hand, are their owner's: their files are written.
struct SystemdLender: LimitLender {
    let name = "systemd"
    private let memory = UnitMemory()
    private let table: ProcessTable
    private let direct = CgroupLender()

    init(table: ProcessTable) { self.table = table }

    /// The lenders of this host.
    static func all(table: ProcessTable) -> [any LimitLender] { UnitMemory().isSystemdRunning ? [SystemdLender(table: table)] : [CgroupLender()] }

    func obstacle(_ cgroup: any MemoryCgroup) -> String? {
        switch place(of: cgroup) {
        case .unit: memory.obstacle
        case .inside, .none: direct.obstacle(cgroup)
        case .otherManager(let unit): "\(cgroup.path) belongs to another service manager, inside \(unit)"
        }
    }

    func raise(_ cgroup: any MemoryCgroup, to limit: ByteCount) throws {
        guard case .unit(let unit) = place(of: cgroup) else { return try direct.raise(cgroup, to: limit) }
        try memory.lend(limit, to: unit, cgroup: systemdPath(cgroup))
    }

    func lower(_ cgroup: any MemoryCgroup, to limit: ByteCount, final: Bool) throws {
        guard case .unit(let unit) = place(of: cgroup) else { return try direct.lower(cgroup, to: limit, final: final) }
        if final { try forget(cgroup) } else { try memory.lend(limit, to: unit, cgroup: systemdPath(cgroup)) }
    }

    func forget(_ cgroup: any MemoryCgroup) throws {
        guard case .unit(let unit) = place(of: cgroup) else { return }
        let host = try table.hostMemory().total
        guard try memory.giveBack(unit, cgroup: systemdPath(cgroup), use: workingSet(cgroup), hostMemory: host) else {
            throw KernelError.system(operation: "give back the memory of \(unit)", .resourceBusy)
        }
    }

    private func place(of cgroup: any MemoryCgroup) -> UnitPlace { UnitPlace(cgroup: systemdPath(cgroup)) }

    /// Below the mount points that systemd itself has made (its src/shared/mount-setup.c).
    private func systemdPath(_ cgroup: any MemoryCgroup) -> String {
        for mountPoint in ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/unified", "/sys/fs/cgroup"] where cgroup.path.hasPrefix(mountPoint + "/") {
            return String(cgroup.path.dropFirst(mountPoint.count))
        }
        return "/"
    }
}
