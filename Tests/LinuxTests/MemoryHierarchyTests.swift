import Testing
import Units

@testable import Linux

/// Trees as text; mountinfo and cgroup lines captured from Debian 12 (systemd 252), Docker 20.10 and Kubernetes nodes, paths shortened.
struct MemoryHierarchyTests {
    let directory: TemporaryDirectory
    let pid = ProcessID(4711)
    var table: ProcessTable { ProcessTable(root: directory.root) }

    init() throws { directory = try TemporaryDirectory() }

    func process(cgroup: String, mounts: String) throws {
        try directory.write("proc/4711/cgroup", cgroup)
        try directory.write("proc/self/mountinfo", mounts)
    }

    func v2(_ path: String, max: String, current: Int = 4_096) throws {
        try directory.write("sys/fs/cgroup\(path)/memory.max", max + "\n")
        try directory.write("sys/fs/cgroup\(path)/memory.current", "\(current)\n")
    }

    func v1(_ path: String, limit: UInt64, hierarchical: UInt64? = nil) throws {
        let mount = "sys/fs/cgroup/memory"
        try directory.write("\(mount)\(path)/memory.limit_in_bytes", "\(limit)\n")
        try directory.write("\(mount)\(path)/memory.usage_in_bytes", "4096\n")
        try directory.write("\(mount)\(path)/memory.stat", "cache 0\nhierarchical_memory_limit \(hierarchical ?? limit)\n")
    }

    let unified = "26 23 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
    let unlimited: UInt64 = 9_223_372_036_854_771_712

    @Test func unit() throws {
        try process(cgroup: "0::/system.slice/api.service\n", mounts: unified)
        try v2("/system.slice", max: "1073741824")
        try v2("/system.slice/api.service", max: "max", current: 123_456_789)
        let hierarchy = try #require(try MemoryHierarchy.of(pid, in: table))
        #expect(hierarchy.cgroups.map(\.path) == ["/system.slice/api.service", "/system.slice"].map { directory.root.path("/sys/fs/cgroup\($0)") })
        #expect(hierarchy.leaf.version == .v2)
        #expect(try hierarchy.leaf.current() == 123_456_789)
        #expect(try hierarchy.leaf.limit() == nil)
        let effective = try #require(try hierarchy.effectiveLimit())
        #expect(effective.limit == .gibibytes(1))
        #expect(effective.cgroup?.path.hasSuffix("/system.slice") == true)
        #expect(try hierarchy.limiting(atMost: .gibibytes(2)).map(\.path) == [hierarchy.cgroups[1].path])
        #expect(try hierarchy.limiting(atMost: .gibibytes(1)).isEmpty)
    }

    @Test func smallestOfSeveral() throws {
        try process(cgroup: "0::/a/b/c\n", mounts: unified)
        try v2("/a", max: "300000000")
        try v2("/a/b", max: "200000000")
        try v2("/a/b/c", max: "400000000")
        let hierarchy = try #require(try MemoryHierarchy.of(pid, in: table))
        #expect(try hierarchy.effectiveLimit()?.cgroup?.path.hasSuffix("/a/b") == true)
        #expect(try hierarchy.limiting(atMost: ByteCount(350_000_000)).map { $0.path.suffix(2) } == ["/b", "/a"])
    }

    /// The controller is not enabled in the leaf: the nearest cgroup that has it counts.
    @Test func leafWithoutController() throws {
        try process(cgroup: "0::/user.slice/app.scope\n", mounts: unified)
        try v2("/user.slice", max: "max")
        try directory.write("sys/fs/cgroup/user.slice/app.scope/cgroup.procs", "4711\n")
        #expect(try MemoryHierarchy.of(pid, in: table)?.leaf.path.hasSuffix("/user.slice") == true)
    }

    /// Container with a cgroup namespace of its own: its root is the mount point, and has memory files.
    @Test func containerOnV2() throws {
        try process(cgroup: "0::/\n", mounts: "601 600 0:26 / /sys/fs/cgroup ro,nosuid,nodev,noexec,relatime - cgroup2 cgroup rw\n")
        try v2("", max: "536870912")
        let hierarchy = try #require(try MemoryHierarchy.of(pid, in: table))
        #expect(hierarchy.cgroups.map(\.path) == [directory.root.path("/sys/fs/cgroup")])
        #expect(try hierarchy.effectiveLimit()?.limit == .mebibytes(512))
    }

    /// Docker on v1 without cgroup namespace: the mount shows only the container's own subtree, the parents' limit shows in memory.stat alone.
    @Test func containerOnV1() throws {
        try process(
            cgroup: "9:memory:/docker/0a1b/worker\n0::/docker/0a1b\n",
            mounts: "700 690 0:35 /docker/0a1b /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory\n")
        try v1("", limit: 536_870_912)
        try v1("/worker", limit: unlimited, hierarchical: 400_000_000)
        let hierarchy = try #require(try MemoryHierarchy.of(pid, in: table))
        #expect(hierarchy.cgroups.map(\.path) == ["/worker", ""].map { directory.root.path("/sys/fs/cgroup/memory\($0)") })
        let effective = try #require(try hierarchy.effectiveLimit())
        #expect(effective.limit == ByteCount(400_000_000))
        #expect(effective.cgroup == nil)
    }

    /// systemd's hybrid layout: an empty v2 tree beside memory on v1.
    @Test func hybrid() throws {
        try process(
            cgroup: "9:memory:/system.slice/api.service\n1:name=systemd:/system.slice/api.service\n0::/system.slice/api.service\n",
            mounts: """
                30 24 0:27 / /sys/fs/cgroup/unified rw,nosuid - cgroup2 cgroup2 rw,nsdelegate
                31 24 0:28 / /sys/fs/cgroup/systemd rw,nosuid - cgroup cgroup rw,xattr,name=systemd
                35 24 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory
                """)
        try v1("", limit: unlimited)
        try v1("/system.slice/api.service", limit: 536_870_912)
        let hierarchy = try #require(try MemoryHierarchy.of(pid, in: table))
        #expect(hierarchy.leaf.version == .v1)
        #expect(try hierarchy.effectiveLimit()?.cgroup?.path == hierarchy.leaf.path)
        #expect(hierarchy.cgroups.count == 2)
    }

    @Test func nothingToSee() throws {
        // A process of another container, seen from inside of ours.
        try process(cgroup: "0::/../other\n", mounts: unified)
        try v2("", max: "536870912")
        #expect(try MemoryHierarchy.of(pid, in: table) == nil)
        // v1 line without a mount.
        try process(cgroup: "9:memory:/x\n", mounts: unified)
        #expect(try MemoryHierarchy.of(pid, in: table) == nil)
        // A sibling whose name merely begins the same.
        try process(cgroup: "9:memory:/docker/0a1bc\n", mounts: "700 690 0:35 /docker/0a1b /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
        try v1("", limit: 536_870_912)
        #expect(try MemoryHierarchy.of(pid, in: table) == nil)
    }

    @Test func statisticsOfBothVersions() throws {
        let v2 = MemoryStatistics.parseV2(
            Array(
                "anon 1000\nfile 900\nshmem 300\nfile_dirty 50\nfile_writeback 10\ninactive_file 400\nactive_file 200\nslab_reclaimable 70\npgfault 5\n"
                    .utf8))
        #expect(v2.reclaimable == 610)
        #expect(v2.anon == 1000)
        #expect(v2.swap == nil)
        #expect(v2.all["pgfault"] == 5)
        let v1 = MemoryStatistics.parseV1(
            Array(
                "rss 1\ninactive_file 1\ntotal_cache 900\ntotal_rss 1000\ntotal_dirty 50\ntotal_inactive_file 400\ntotal_active_file 200\nhierarchical_memory_limit 7\n"
                    .utf8))
        #expect(v1.reclaimable == 550)
        #expect(v1.anon == 1000)
        #expect(v1.slabReclaimable == nil)
        #expect(v1.all["hierarchical_memory_limit"] == 7)
        let dirty = MemoryStatistics.parseV2(Array("file_dirty 500\ninactive_file 400\n".utf8))
        #expect(dirty.reclaimable == .zero)
    }

    @Test func events() {
        let v2 = MemoryEvents.parseV2(Array("low 0\nhigh 1\nmax 12\noom 2\noom_kill 3\noom_group_kill 4\n".utf8))
        #expect(v2 == MemoryEvents(high: 1, max: 12, oom: 2, oomKill: 3, oomGroupKill: 4))
        let v1 = MemoryEvents.parseV1(oomControl: Array("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n".utf8), failures: Array("77\n".utf8))
        #expect(v1 == MemoryEvents(max: 77, oomKill: 5))
    }
}
