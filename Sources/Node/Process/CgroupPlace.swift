/// What a cgroup path tells about who runs a process: a systemd service, a container.
public struct CgroupPlace: Sendable, Hashable {
    /// `web.service` of the system's systemd; nil outside of a service (login sessions, scopes, containers).
    public var unit: String?
    /// The same of a user's own systemd: a name that anybody can give, not to be taken for the system's unit of that name.
    public var userUnit: String?
    /// The full id, 64 hexadecimal digits, as Docker, containerd, CRI-O and Podman put it into the path.
    public var containerID: String?

    public init(unit: String? = nil, userUnit: String? = nil, containerID: String? = nil) {
        self.unit = unit
        self.userUnit = userUnit
        self.containerID = containerID
    }

    /// Samples:
    /// ```
    /// /system.slice/web.service
    /// /user.slice/user-1000.slice/user@1000.service/app.slice/web.service
    /// /system.slice/docker-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.scope
    /// /docker/9f86d0…
    /// /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod12.slice/cri-containerd-9f86d0….scope
    /// /kubepods/burstable/pod12/9f86d0…
    /// /user.slice/user-1000.slice/session-3.scope
    /// ```
    public static func parse(_ path: String) -> CgroupPlace {
        let components = path.split(separator: "/")
        if let id = components.reversed().lazy.compactMap(containerID).first { return CgroupPlace(containerID: id) }
        // From the root down: whom the system's systemd gave a cgroup may name the groups below it as he likes (Delegate=).
        let isUnit = { (name: Substring) in name.hasSuffix(".service") || name.hasSuffix(".scope") }
        guard let first = components.firstIndex(where: isUnit), components[first].hasSuffix(".service") else { return CgroupPlace() }
        guard components[first].hasPrefix("user@") else { return CgroupPlace(unit: String(components[first])) }
        // A scope or a slice below user@1000.service is not that service. Other names are sub-groups that a service made for itself.
        let unit = components[(first + 1)...].last { isUnit($0) || $0.hasSuffix(".slice") }
        return CgroupPlace(userUnit: unit.flatMap { $0.hasSuffix(".service") ? String($0) : nil })
    }

    private static func containerID(_ component: Substring) -> String? {
        let name = component.hasSuffix(".scope") ? component.dropLast(6) : component
        let id = name.suffix(64)
        let isHex = id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        guard id.utf8.count == 64, isHex, name.count == 64 || "-:".contains(name.dropLast(64).last ?? "x") else { return nil }
        return String(id)
    }
}
