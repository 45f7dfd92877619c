import Foundation
import Testing
import Units

@testable import Linux

struct ProcTests {
    let table = ProcessTable()
    let own = ProcessID(getpid())

    @Test func knowsItself() throws {
        #expect(try table.pids().contains(own))
        let stat = try #require(try table.stat(own))
        #expect(stat.parent == ProcessID(getppid()))
        #expect(stat.state == "R" || stat.state == "S")
        #expect(stat.started < SystemClock.boottime())
        #expect(try table.identity(own)?.startTime == stat.startTime)
        #expect(try table.bootID().count == 36)
        #expect(try table.commandLine(own) == CommandLine.arguments)
        #expect(try table.environment(own)?["PATH"] == ProcessInfo.processInfo.environment["PATH"])
        #expect(try table.workingDirectory(own) == FileManager.default.currentDirectoryPath)
        #expect(try table.executable(own)?.hasPrefix("/") == true)
        let status = try #require(try table.status(own))
        #expect(status.uids.effective == geteuid())
        #expect(try #require(status.rss) > .mebibytes(1))
        let statm = try #require(try table.statm(own))
        #expect(statm.rss > statm.shared)
        let rollup = try #require(try table.smapsRollup(own))
        #expect(rollup.pss <= rollup.rss)
        #expect(try #require(try table.mainThreadCPUTime(own)) <= stat.cpuTime + .seconds(1))
        let memory = try table.hostMemory()
        #expect(memory.available < memory.total)
        #expect(try table.mounts().contains { $0.mountPoint == "/" })
    }

    @Test func goneIsNil() async throws {
        let child = try spawn(SpawnRequest(executable: "/bin/true"))
        _ = try await ended(child)
        let pid = child.pid
        #expect(try table.stat(pid) == nil)
        #expect(try table.identity(pid) == nil)
        #expect(try table.status(pid) == nil)
        #expect(try table.statm(pid) == nil)
        #expect(try table.smapsRollup(pid) == nil)
        #expect(try table.dontForkRSS(pid) == nil)
        #expect(try table.commandLine(pid) == nil)
        #expect(try table.environment(pid) == nil)
        #expect(try table.executable(pid) == nil)
        #expect(try table.cgroups(pid) == nil)
        #expect(try table.children(of: pid) == [])
        #expect(try MemoryHierarchy.of(pid, in: table) == nil)
        #expect(try ProcessHandle(pid) == nil)
    }

    /// A zombie has no memory any more, and is not an error.
    @Test func zombie() async throws {
        let child = try Child("/bin/true")
        for await _ in readiness(of: child.process.pidfd.descriptor) { break }
        #expect(try table.stat(child.pid)?.state == "Z")
        #expect(try table.status(child.pid)?.rss == nil)
        #expect(try table.commandLine(child.pid) == [])
        _ = try table.smapsRollup(child.pid)
        _ = try table.dontForkRSS(child.pid)
    }

    @Test func childrenAndDescendants() async throws {
        let shell = try Child("/bin/sh", "-c", "sleep 600 & sh -c 'sleep 600; true' & wait")
        defer { for pid in (try? table.descendants(of: shell.pid)) ?? [] { kill(pid.rawValue, SIGKILL) } }
        #expect(try await eventually { try table.descendants(of: shell.pid).count == 3 })
        let children = try table.children(of: shell.pid)
        #expect(children.count == 2)
        let descendants = try table.descendants(of: shell.pid)
        #expect(Set(descendants.prefix(2)) == Set(children))
        #expect(!descendants.contains(shell.pid))
    }

    /// A kernel without CONFIG_PROC_CHILDREN: the same answer out of stat alone.
    @Test func childrenByScan() throws {
        let directory = try TemporaryDirectory()
        for (pid, parent) in [(1, 0), (10, 1), (11, 10), (12, 10), (13, 12), (20, 1)] {
            try directory.write("proc/\(pid)/stat", "\(pid) (x) S \(parent) 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 5 0 0 0\n")
        }
        let table = ProcessTable(root: directory.root)
        #expect(try table.children(of: ProcessID(10)) == [ProcessID(11), ProcessID(12)])
        #expect(try table.descendants(of: ProcessID(10)) == [ProcessID(11), ProcessID(12), ProcessID(13)])
        #expect(try table.descendants(of: ProcessID(13)) == [])
    }

    @Test func malformedIsAnError() throws {
        let directory = try TemporaryDirectory()
        try directory.write("proc/5/stat", "rubbish")
        let error = #expect(throws: KernelError.self) { try ProcessTable(root: directory.root).stat(ProcessID(5)) }
        #expect(error?.description.hasPrefix("cannot understand \(directory.path)/proc/5/stat: unexpected `rubbish`") == true)
    }

    /// Of a child that stays root; pid 1 is another program on every machine, and whoever shares its session may send it SIGCONT (kill(2)).
    @Test func deniedIsAnErrorOfItsOwn() async {
        await #expect(processExitsWith: .success) {
            let child = Process()
            child.executableURL = URL(filePath: "/bin/sleep")
            child.arguments = ["5"]
            try child.run()
            let pid = ProcessID(child.processIdentifier)
            #expect(setuid(65534) == 0)
            let directory = "/proc/\(pid.rawValue)"
            #expect(throws: KernelError.denied(path: directory + "/environ")) { try ProcessTable().environment(pid) }
            #expect(throws: KernelError.denied(path: directory + "/exe")) { try ProcessTable().executable(pid) }
            #expect(try ProcessTable().status(pid) != nil)
            let handle = try #require(try ProcessHandle(pid))
            #expect(throws: KernelError.self) { try handle.signal(SIGURG) }
        }
    }

    /// V8's heap from outside, contract 10: what V8 uses is there, what it has committed but not touched need not be.
    @Test func heapOfNode() async throws {
        let directory = try TemporaryDirectory()
        let program = """
            const keep = []; for (let i = 0; i < 1e6; i++) keep.push({ i, s: 'x' + i });
            gc(); require('fs').writeFileSync('\(directory.path)/heap.tmp', `${process.memoryUsage().heapUsed} ${process.memoryUsage().heapTotal}`);
            require('fs').renameSync('\(directory.path)/heap.tmp', '\(directory.path)/heap'); setInterval(() => keep, 1e6)
            """
        let node = try Child("/usr/bin/node", "--expose-gc", "-e", program)
        #expect(try await eventually(within: 30) { KernelFile.exists("\(directory.path)/heap") })
        let said = try #require(try KernelFile.read("\(directory.path)/heap")?.words.compactMap { $0.number(Int.self) })
        let (used, total) = (Double(said[0]), Double(said[1]))
        let outside = Double(try #require(try table.dontForkRSS(node.pid)).bytes)
        #expect(used > 40e6)
        #expect((used * 0.95...total * 1.05).contains(outside), "heapUsed \(used), heapTotal \(total), dc pages \(outside)")
    }
}
