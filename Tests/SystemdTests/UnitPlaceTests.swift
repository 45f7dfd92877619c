import Systemd
import Testing

/// Paths as in /proc/PID/cgroup of hosts with systemd 252, and of a Kubernetes node.
@Suite struct UnitPlaceTests {
    @Test(arguments: [
        ("/system.slice/api.service", UnitPlace.unit("api.service")),
        ("/system.slice/system-getty.slice/getty@tty1.service", .unit("getty@tty1.service")),
        ("/system.slice", .unit("system.slice")),
        ("/system.slice/docker-0123.scope", .unit("docker-0123.scope")),
        ("/init.scope", .unit("init.scope")),
        ("/system.slice/_cgroup.service", .unit("cgroup.service")),
        ("/system.slice/api.service/worker", .inside(unit: "api.service")),
        ("/kubepods.slice/kubepods-pod1.slice/by-hand", .inside(unit: "kubepods-pod1.slice")),
        ("/user.slice/user-1000.slice/user@1000.service/app.slice", .otherManager(unit: "user@1000.service")),
        ("/machine.slice/machine-x.scope/payload/system.slice/api.service", .otherManager(unit: "machine-x.scope")),
        ("/docker/0123", .none),
        ("/docker/0123/system.slice/api.service", .otherManager(unit: "docker")),
        ("/.service", .none),
        ("/", .none),
    ])
    func place(cgroup: String, expected: UnitPlace) { #expect(UnitPlace(cgroup: cgroup) == expected) }
}
