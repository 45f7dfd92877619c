import Foundation
import SystemPackage
import Testing
import Units

@testable import Linux

/// The kernel's own memory controller; needs root and a v1 memory hierarchy.
struct CgroupV1MemoryTests {
    @Test func limitGoesUpAndDown() throws {
        let test = try TestCgroup()
        let cgroup = test.memory
        #expect(try cgroup.limit() == nil)
        try cgroup.setLimit(.mebibytes(100))
        #expect(try cgroup.limit() == .mebibytes(100))
        #expect(try cgroup.inheritedLimit() == .mebibytes(100))
        try cgroup.setLimit(ByteCount(50_000_001))
        #expect(try cgroup.limit() == ByteCount(49_999_872))  // whole pages
        try cgroup.setLimit(nil)
        #expect(try cgroup.limit() == nil)
    }

    @Test func swapAllowanceMovesAlong() throws {
        let test = try TestCgroup()
        let cgroup = test.memory
        try cgroup.setLimit(.mebibytes(100))
        try KernelFile.write(cgroup.file("memory.memsw.limit_in_bytes"), "\(130 << 20)")
        try cgroup.setLimit(.mebibytes(400))
        #expect(try cgroup.limit() == .mebibytes(400))
        #expect(try cgroup.memoryAndSwapLimit() == .mebibytes(430))
        try cgroup.setLimit(.mebibytes(100))
        #expect(try cgroup.limit() == .mebibytes(100))
        #expect(try cgroup.memoryAndSwapLimit() == .mebibytes(130))
    }

    @Test func loweringBelowUseIsRefused() async throws {
        let test = try TestCgroup()
        let holder = try test.hold(.mebibytes(60))
        #expect(try await eventually { try #require(try test.memory.current()) > .mebibytes(60) })
        try test.memory.setLimit(.mebibytes(200))
        try KernelFile.write(test.memory.file("memory.memsw.limit_in_bytes"), "\(200 << 20)")
        let error = #expect(throws: KernelError.self) { try test.memory.setLimit(.mebibytes(30)) }
        #expect(error == .system(operation: "write \(test.memory.path)/memory.limit_in_bytes", .resourceBusy))
        #expect(try test.memory.limit() == .mebibytes(200))
        #expect(try test.memory.memoryAndSwapLimit() == .mebibytes(200))
        #expect(try test.memory.processes() == [holder.pid])
        #expect(try await eventually { try #require(try test.memory.statistics()?.anon) > .mebibytes(60) })
        #expect(throws: KernelError.self) { try test.memory.remove() }
    }

    /// Cannot be provoked on a kernel without swap: a file that can be read and not written stands in for the second limit.
    @Test func firstLimitIsPutBack() throws {
        let directory = try TemporaryDirectory()
        try directory.write("memory.memsw.limit_in_bytes", "1000000")
        #expect(symlink("/proc/self/oom_score", "\(directory.path)/memory.limit_in_bytes") == 0)
        let cgroup = CgroupV1Memory(path: directory.path)
        #expect(throws: KernelError.self) { try cgroup.setLimit(ByteCount(2_000_000)) }
        #expect(try cgroup.memoryAndSwapLimit() == ByteCount(1_000_000))
    }

    @Test func hierarchyOfRealProcess() async throws {
        let outer = try TestCgroup()
        try outer.memory.setLimit(.mebibytes(80))
        let inner = try TestCgroup(below: outer.memory)
        let child = try Child("/bin/sleep", "600")
        #expect(try inner.memory.add(child.pid))
        let hierarchy = try #require(try MemoryHierarchy.of(child.pid))
        #expect(hierarchy.cgroups.map(\.path) == [inner.memory.path, outer.memory.path, "/sys/fs/cgroup/memory"])
        #expect(try hierarchy.effectiveLimit()?.cgroup?.path == outer.memory.path)
        #expect(try hierarchy.limiting(atMost: .mebibytes(100)).map(\.path) == [outer.memory.path])
        #expect(try inner.memory.add(ProcessID(0x3fff_ffff)) == false)
    }

    @Test func thresholdCrossing() async throws {
        let test = try TestCgroup()
        let threshold = try UsageThreshold(test.memory, at: .mebibytes(40))
        let holder = try test.hold(.mebibytes(80))
        #expect(await first(of: threshold.crossings) != nil)
        #expect(try #require(try test.memory.current()) >= .mebibytes(39))
        // The second crossing is downwards.
        #expect(try await eventually { try #require(try test.memory.current()) > .mebibytes(80) })
        kill(holder.pid.rawValue, SIGKILL)
        #expect(await first(of: threshold.crossings) != nil)
    }

    @Test func thresholdOfUnlimitedSilence() async throws {
        let test = try TestCgroup()
        let threshold = try UsageThreshold(test.memory, at: .gibibytes(4))
        #expect(await first(of: threshold.crossings, within: 0.2) == nil)
    }

    @Test func oomKillIsCounted() async throws {
        let test = try TestCgroup()
        try test.memory.setLimit(.mebibytes(30))
        #expect(try test.memory.events()?.oomKill == 0)
        let holder = try test.hold(.mebibytes(100))
        for await _ in readiness(of: holder.process.pidfd.descriptor) { break }
        #expect(try test.memory.events()?.oomKill == 1)
        #expect(try #require(try test.memory.events()?.max) > 0)
        #expect(test.memory.oomGroup() == false)
    }

    @Test func removedIsNil() throws {
        let cgroup = try TestCgroup().memory
        #expect(try cgroup.current() == nil)
        let test = try TestCgroup()
        #expect(try test.memory.current() != nil)
        let copy = test.memory
        try copy.remove()
        #expect(try copy.current() == nil)
        #expect(mkdir(copy.path, 0o755) == 0)
        #expect(try copy.current() == nil, "a successor of the same name is another cgroup")
        #expect(try CgroupV1Memory(path: copy.path).current() != nil)
        try copy.remove()
        #expect(try copy.limit() == nil)
        #expect(try copy.statistics() == nil)
        #expect(try copy.events() == nil)
        #expect(try copy.processes() == [])
        #expect(try copy.remove())
    }
}
