/// Whose a cgroup is, told from its path alone: systemd names the cgroups of units after them, with slices nested in slices
/// (docs CGROUP_DELEGATION.md of systemd, "Three Different Tree Setups").
public enum UnitPlace: Sendable, Hashable {
    /// The unit's own cgroup: its limits are written by systemd alone.
    case unit(String)
    /// Below the cgroup of a unit that has been delegated: whoever runs there writes the limits.
    case inside(unit: String)
    /// The same, and named like a unit: another manager's (a user's, a container's), which would undo what we write.
    case otherManager(unit: String)
    /// Not systemd's.
    case none

    /// - Parameter cgroup: as in /proc/PID/cgroup: `/system.slice/api.service`, `/user.slice/user-1000.slice/user@1000.service/app.slice`.
    public init(cgroup: String) {
        let names = cgroup.split(separator: "/").map { Self.unescaped($0) }
        let slices = names.prefix { Self.type($0) == "slice" }
        let rest = names[slices.count...]
        guard let first = rest.first else {
            self = slices.last.map(UnitPlace.unit) ?? .none
            return
        }
        let isUnit = Self.type(first) != nil
        let below = isUnit ? rest.dropFirst() : rest
        let unit = isUnit ? first : slices.last
        if below.contains(where: { Self.type($0) != nil }) {
            self = .otherManager(unit: unit ?? first)
        } else if let unit {
            self = below.isEmpty ? .unit(unit) : .inside(unit: unit)
        } else {
            self = .none
        }
    }

    /// What can have a cgroup (systemd.resource-control(5)).
    private static let types: Set<Substring> = ["service", "slice", "scope", "socket", "mount", "swap"]

    static func type(_ name: String) -> Substring? {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
        let suffix = name[name.index(after: dot)...]
        return types.contains(suffix) ? suffix : nil
    }

    /// Names that would collide with the kernel's files have an underscore before them (cg_escape).
    private static func unescaped(_ name: Substring) -> String { String(name.hasPrefix("_") ? name.dropFirst() : name) }
}
