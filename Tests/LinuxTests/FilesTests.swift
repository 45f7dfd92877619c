import Foundation
import SystemPackage
import Testing
import Units

@testable import Linux

struct DirectoryWatchTests {
    @Test func lifeOfAFile() async throws {
        let directory = try TemporaryDirectory()
        let watch = try DirectoryWatch(directory.path)
        let file = open("\(directory.path)/a", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        write(file, "x", 1)
        close(file)
        var seen: [DirectoryEvent] = []
        var events = watch.events.makeAsyncIterator()
        // A child of another test may have been forked while the file was open, and its exec is the last close then: that is waited for.
        while seen.last != .closedAfterWriting("a"), let event = await events.next() { seen.append(event) }
        rename("\(directory.path)/a", "\(directory.path)/b")
        unlink("\(directory.path)/b")
        rmdir(directory.path)
        while let event = await events.next() { seen.append(event) }
        #expect(seen == [.created("a"), .closedAfterWriting("a"), .movedOut("a"), .movedIn("b"), .deleted("b"), .directoryGone])
    }

    @Test func missingDirectory() {
        let error = #expect(throws: KernelError.self) { try DirectoryWatch("/no/such/directory") }
        #expect(error == .system(operation: "watch /no/such/directory", .noSuchFileOrDirectory))
    }

    /// The mechanism behind memory.events on v2, on the one notifying file that a v2 tree without memory controller has.
    @Test func cgroupFileChanges() async throws {
        let path = "/sys/fs/cgroup/unified/linux-tests.\(getpid())"
        #expect(mkdir(path, 0o755) == 0)
        let stream = try changes(of: "cgroup.events", in: path)
        let child = try Child("/bin/sleep", "600")
        try KernelFile.write("\(path)/cgroup.procs", "\(child.pid)")
        #expect(await first(of: stream) != nil)
        kill(child.pid.rawValue, SIGKILL)
        #expect(await first(of: stream) != nil)
        #expect(try await eventually { rmdir(path) == 0 })
        let started = ContinuousClock.now
        while await first(of: stream) != nil {}
        #expect(ContinuousClock.now - started < .seconds(5), "the stream ends with the cgroup")
    }
}

struct ReadinessTests {
    /// A consumer that does not read sees it at once again.
    @Test func levelTriggered() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close(); try? pipe.writeEnd.close() }
        try pipe.writeEnd.writeAll("x".utf8)
        var ready = readiness(of: pipe.readEnd).makeAsyncIterator()
        for _ in 0..<3 { #expect(await ready.next() != nil) }
    }

    /// In a process of its own, where nothing else takes processor time: a consumer of 0.3 s costs nothing while it works.
    @Test func doesNotSpin() async {
        await #expect(processExitsWith: .success) {
            let pipe = try FileDescriptor.pipe()
            try pipe.writeEnd.writeAll("x".utf8)
            var ready = readiness(of: pipe.readEnd).makeAsyncIterator()
            _ = await ready.next()
            let before = try #require(try ProcessTable().stat(ProcessID(getpid()))).cpuTime
            try await Task.sleep(for: .milliseconds(300))
            let after = try #require(try ProcessTable().stat(ProcessID(getpid()))).cpuTime
            #expect(after - before < .milliseconds(100))
        }
    }

    @Test func endsWhenCancelled() async throws {
        let pipe = try FileDescriptor.pipe()
        defer { try? pipe.readEnd.close(); try? pipe.writeEnd.close() }
        let task = Task { await first(of: readiness(of: pipe.readEnd), within: 60) }
        task.cancel()
        #expect(await task.value == nil)
    }
}

struct PressureTests {
    @Test func alarmUnderReclaim() async throws {
        let test = try TestCgroup()
        try test.memory.setLimit(.mebibytes(12))
        let trigger = try PressureTrigger("/proc/pressure/memory", stall: .microseconds(500))
        let directory = try TemporaryDirectory()
        // Page cache that never fits: the kernel reclaims without end.
        let reader = try test.run("head -c 60000000 /dev/zero > \(directory.path)/big; while :; do cat \(directory.path)/big > /dev/null; done")
        #expect(await first(of: trigger.alarms, within: 20) != nil)
        withExtendedLifetime(reader) {}
    }

    @Test func refusedWindow() {
        #expect(throws: KernelError.self) { try PressureTrigger("/proc/pressure/memory", window: .seconds(60)) }
        #expect(throws: KernelError.self) { try PressureTrigger("/no/memory.pressure") }
    }
}

struct FileSystemFactsTests {
    @Test func knownFileSystems() throws {
        let shm = try #require(try FileSystemFacts.at("/dev/shm"))
        #expect(shm.typeName == "tmpfs" && shm.isMemory && shm.hasInotify && shm.hasUnnamedFiles)
        let root = try #require(try FileSystemFacts.at("/"))
        #expect(root.typeName == "ext4" && !root.isMemory && root.hasInotify && !root.readOnly)
        #expect(root.available > .mebibytes(1))
        #expect(try FileSystemFacts.at("/proc")?.hasInotify == false)
        #expect(try FileSystemFacts.at("/no/such") == nil)
    }

    @Test func writeAccessByModeBits() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/d"
        mkdir(path, 0o755)
        chown(path, 1_000, 2_000)
        chmod(directory.path, 0o755)
        func can(_ mode: mode_t, _ uid: UInt32, _ groups: [UInt32] = [], _ capabilities: UInt64? = nil) -> Bool {
            chmod(path, mode)
            return canWrite(directory: path, asUser: uid, groups: groups, capabilities: capabilities)
        }
        #expect(can(0o700, 1_000))
        #expect(!can(0o600, 1_000), "no search permission")
        #expect(!can(0o077, 1_000, [2_000]), "the owner's bits alone count for the owner")
        #expect(can(0o070, 1_001, [2_000]))
        #expect(!can(0o070, 1_001, [2_001]))
        #expect(can(0o1777, 1_001))
        #expect(can(0o000, 0))
        #expect(!can(0o000, 0, [], 0), "root without CAP_DAC_OVERRIDE")
        #expect(can(0o000, 1_001, [], 2))
        chmod(directory.path, 0o700)
        #expect(!can(0o777, 1_001), "no way in")
        #expect(!canWrite(directory: "/no/such", asUser: 0, groups: []))
        #expect(canWrite(directory: "/proc/\(getpid())/root\(path)", asUser: 0, groups: []))
    }

    /// What a service's own user can put into its directory must neither be followed nor hold us up.
    @Test func foreignFilesAreReadOnlyWhereTheyAreFiles() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/report.json"
        try SmallFile.write(path, [1, 2, 3])
        #expect(SmallFile.readForeign(path, atMost: ByteCount(3)) == [1, 2, 3])
        #expect(SmallFile.readForeign(path, atMost: ByteCount(2)) == nil)
        symlink(path, "\(directory.path)/link")
        mkfifo("\(directory.path)/pipe", 0o600)
        for name in ["link", "pipe", "none", "."] { #expect(SmallFile.readForeign("\(directory.path)/\(name)", atMost: .mebibytes(1)) == nil) }
        #expect(SmallFile.areSame(directory.path, "/proc/self/root\(directory.path)"))
        #expect(!SmallFile.areSame(directory.path, "/") && !SmallFile.areSame(path, path) && !SmallFile.areSame("/no/such", "/no/such"))
    }

    @Test func lockIsSeenByOthers() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/capture.lock"
        #expect(try FileLock.holder(path) == nil)
        var lock = try FileLock.tryAcquire(path, note: "heapsnapd 12 for node 4711")
        #expect(lock != nil)
        #expect(try FileLock.holder(path) == "heapsnapd 12 for node 4711")
        #expect(try FileLock.tryAcquire(path, note: "second") == nil)
        #expect(try FileLock.holder(path) == "heapsnapd 12 for node 4711")
        lock = nil
        #expect(try FileLock.holder(path) == nil)
        lock = try FileLock.tryAcquire(path, note: "third")
        #expect(try FileLock.holder(path) == "third")
        #expect(throws: KernelError.self) { try FileLock.tryAcquire("/no/such/lock", note: "") }
    }
}
