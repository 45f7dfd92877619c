import Glibc
public import Linux
public import Units

/// The memory limit of a unit, lent and given back through systemd (contract 17, docs/decisions/0006).
///
/// A loan is two files: `50-MemoryMax.conf`, which SetUnitProperties writes, and our `zz-heapsnapd.conf`. An earlier `50-MemoryMax.conf` of the
/// administrator (`systemctl set-property --runtime`) waits beside it under another name.
public struct UnitMemory: Sendable {
    private let root: FileSystemRoot
    private static let property = "50-MemoryMax.conf"
    private static let note = "zz-heapsnapd.conf"
    /// systemd reads no names but *.conf.
    private static let kept = "50-MemoryMax.conf.before-heapsnapd"

    public init(root: FileSystemRoot = FileSystemRoot()) { self.root = root }

    /// sd_booted(3): systemd is the init here.
    public var isSystemdRunning: Bool { SmallFile.inode(root.path("/run/systemd/system")) != nil }

    /// Why no unit's limit can be changed; nil where it can.
    public var obstacle: String? {
        guard isSystemdRunning else { return "systemd does not run here" }
        guard geteuid() == 0 else { return "only root may set a unit's MemoryMax" }
        guard access(root.path("/run/systemd"), W_OK) == 0 else { return "/run/systemd is not writable here; see ReadWritePaths= of systemd.exec(5)" }
        return SystemdConnection.libraryObstacle
    }

    /// Sets the limit at once; it stands until `giveBack`, through reloads too.
    /// - Parameter cgroup: the unit's own, as in /proc/PID/cgroup.
    public func lend(_ limit: ByteCount, to unitName: String, cgroup: String) throws {
        let systemd = try SystemdConnection()
        let unit = try systemd.unit(ofCgroup: cgroup)
        guard unit.name == unitName else { throw SystemdError(operation: "lend to \(unitName)", reason: "\(cgroup) belongs to \(unit.name)") }
        let control = controlDirectory(unit), properties = propertyDirectory(unit)
        let before = note(in: control)
        if before == nil, SmallFile.inode(properties + Self.property) != nil {
            try move(properties + Self.property, to: properties + Self.kept)
        }
        try makeDirectory(control)
        let note = LendingNote(lent: (before?.lent.suffix(1) ?? []) + [limit])
        try SmallFile.write(control + Self.note, Array(note.text(unit: unit.name).utf8))
        try systemd.setMemoryMax(limit, of: unit.name)
    }

    /// Takes our files away and has systemd apply what then stands.
    /// - Parameters:
    ///   - cgroup: may be gone: the unit has ended, or was started again.
    ///   - use: what the unit could not do without now; nil: it does not run.
    ///   - hostMemory: for percentages.
    /// - Returns: false while the unit uses more than its own limit, and nothing was done.
    public func giveBack(_ unitName: String, cgroup: String, use: ByteCount?, hostMemory: ByteCount) throws -> Bool {
        let systemd = try SystemdConnection()
        // A unit that has ended may be unloaded; where its files are is known all the same, and it has no others than ours.
        let found = try? systemd.unit(ofCgroup: cgroup)
        let unit = found?.name == unitName ? found! : Unit(name: unitName, files: [], isTransient: false)
        let control = controlDirectory(unit), properties = propertyDirectory(unit)
        let note = note(in: control)
        if let use, case .bytes(let own)? = ownLimit(of: unit, hostMemory: hostMemory), use > own { return false }
        if let note {
            // Only what we wrote; a value that the administrator has set since is theirs.
            if case .bytes(let value)? = setting(properties + Self.property, hostMemory: hostMemory), note.lent.contains(value) {
                SmallFile.remove(properties + Self.property)
                if SmallFile.inode(properties + Self.kept) != nil { try move(properties + Self.kept, to: properties + Self.property) }
            }
            SmallFile.remove(properties + Self.kept)
            SmallFile.remove(control + Self.note)
            rmdir(control)  // stays where others have files in it
            rmdir(properties)
        }
        try systemd.reload()
        return true
    }

    /// What the unit has without us: the last setting of all its files but ours.
    private func ownLimit(of unit: Unit, hostMemory: ByteCount) -> MemoryMaxSetting? {
        let note = controlDirectory(unit) + Self.note, property = propertyDirectory(unit) + Self.property
        let lent = self.note(in: controlDirectory(unit))?.lent ?? []
        var last: MemoryMaxSetting?
        for file in unit.files.map(root.path) where file != note {
            var found = setting(file, hostMemory: hostMemory)
            if file == property, case .bytes(let value)? = found, lent.contains(value) {
                found = setting(propertyDirectory(unit) + Self.kept, hostMemory: hostMemory)
            }
            last = found ?? last
        }
        return last
    }

    private func controlDirectory(_ unit: Unit) -> String { root.path("/run/systemd/system.control/\(unit.name).d/") }
    /// Where SetUnitProperties writes (unit_drop_in_dir of systemd's src/core/unit.c).
    private func propertyDirectory(_ unit: Unit) -> String {
        unit.isTransient ? root.path("/run/systemd/transient/\(unit.name).d/") : controlDirectory(unit)
    }

    private func note(in directory: String) -> LendingNote? { text(directory + Self.note).flatMap { LendingNote.parse($0) } }
    private func setting(_ path: String, hostMemory: ByteCount) -> MemoryMaxSetting? {
        text(path).flatMap { MemoryMaxSetting.parse($0, hostMemory: hostMemory) }
    }
    private func text(_ path: String) -> String? { (try? SmallFile.read(path)).flatMap(\.self).map { String(decoding: $0, as: UTF8.self) } }

    /// Readable for all, as systemd makes them: `systemctl cat` works for users too.
    private func makeDirectory(_ path: String) throws {
        var made = ""
        for component in path.split(separator: "/") {
            made += "/\(component)"
            guard mkdir(made, 0o755) == 0 || errno == EEXIST else { throw failure("make \(made)") }
        }
    }

    private func move(_ path: String, to new: String) throws {
        guard rename(path, new) == 0 else { throw failure("rename \(path)") }
    }

    private func failure(_ operation: String) -> SystemdError { SystemdError(operation: operation, reason: String(cString: strerror(errno))) }
}
