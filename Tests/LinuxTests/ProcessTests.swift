import Foundation
import SystemPackage
import Testing
import Units

@testable import Linux

struct ProcessHandleTests {
    @Test func signalsAndSeesTheEnd() async throws {
        let child = try spawn(SpawnRequest(executable: "sleep", arguments: ["600"]))
        let handle = try #require(try ProcessHandle(child.pid))
        #expect(!handle.hasExited)
        #expect(try handle.signal(SIGTERM))
        await handle.exited()
        #expect(handle.hasExited)
        #expect(try handle.signal(SIGTERM) == false)
        #expect(try await ended(child).0 == .signaled(SIGTERM, coreDumped: false))
        #expect(try handle.signal(SIGTERM) == false)
    }

    /// The pid of a remembered process belongs to somebody else now: nobody is signalled.
    @Test func usedAgain() throws {
        let child = try Child("/bin/sleep", "600")
        let identity = try #require(try ProcessTable().identity(child.pid))
        #expect(try ProcessHandle(identity) != nil)
        var earlier = identity
        earlier.startTime -= 1
        #expect(try ProcessHandle(earlier) == nil)
        var otherBoot = identity
        otherBoot.bootID = "00000000-0000-0000-0000-000000000000"
        #expect(try ProcessHandle(otherBoot) == nil)
    }

    /// The last comparison, right before the signal.
    @Test func startTimeChangedUnderneath() throws {
        let child = try Child("/bin/sleep", "600")
        let directory = try TemporaryDirectory()
        let stat = try #require(try KernelFile.read("/proc/\(child.pid)/stat")).text
        try directory.write("proc/\(child.pid)/stat", stat)
        try directory.write("proc/sys/kernel/random/boot_id", "x\n")
        let handle = try #require(try ProcessHandle(child.pid, table: ProcessTable(root: directory.root)))
        try directory.write("proc/\(child.pid)/stat", stat.replacingOccurrences(of: " \(handle.identity.startTime) ", with: " 1 "))
        #expect(try handle.signal(SIGKILL) == false)
        #expect(try ProcessTable().stat(child.pid)?.state != "Z")
    }

    @Test func waitingCanBeCancelled() async throws {
        let child = try Child("/bin/sleep", "600")
        let handle = try #require(try ProcessHandle(child.pid))
        let waiting = Task { await handle.exited() }
        waiting.cancel()
        await waiting.value
        #expect(!handle.hasExited)
    }
}

struct SpawnTests {
    func output(_ executable: String, _ arguments: [String], configure: (inout SpawnRequest) -> Void = { _ in }) async throws -> String {
        let pipe = try FileDescriptor.pipe()
        for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        var request = SpawnRequest(executable: executable, arguments: arguments, standardOutput: pipe.writeEnd)
        configure(&request)
        let child = try spawn(request)
        try pipe.writeEnd.close()
        let text = String(decoding: FileHandle(fileDescriptor: pipe.readEnd.rawValue, closeOnDealloc: true).readDataToEndOfFile(), as: UTF8.self)
        #expect(try await ended(child).0 == .exited(0))
        return text
    }

    @Test(arguments: [0, 1, 2, 77, 126, 127, 128, 137, 255]) func exitCodes(code: Int32) async throws {
        let child = try spawn(SpawnRequest(executable: "sh", arguments: ["-c", "exit \(code)"]))
        let (status, use) = try await ended(child)
        #expect(status == .exited(code))
        #expect(status.shellStatus == code)
        #expect(use.maxRSS > .kibibytes(100))
        #expect(try Reaper.reap(child.pid) == nil)
    }

    @Test(arguments: [SIGHUP, SIGINT, SIGKILL, SIGSEGV, SIGUSR2, 34, 64]) func signals(signal: Int32) async throws {
        let child = try spawn(SpawnRequest(executable: "sh", arguments: ["-c", "ulimit -c 0; kill -\(signal) $$; sleep 600"]))
        let (status, _) = try await ended(child)
        #expect(status == .signaled(signal, coreDumped: false))
        #expect(status.shellStatus == 128 + signal)
    }

    @Test func refusals() throws {
        let directory = try TemporaryDirectory()
        try directory.write("plain", "text")
        func error(_ request: SpawnRequest) -> SpawnError? { #expect(throws: SpawnError.self) { try spawn(request) } }
        #expect(error(SpawnRequest(executable: "no-such-program-anywhere")) == .notFound("no-such-program-anywhere"))
        #expect(error(SpawnRequest(executable: "\(directory.path)/missing")) == .notFound("\(directory.path)/missing"))
        #expect(error(SpawnRequest(executable: "")) == .notFound(""))
        #expect(error(SpawnRequest(executable: "\(directory.path)/plain")) == .notExecutable("\(directory.path)/plain", .permissionDenied))
        #expect(error(SpawnRequest(executable: directory.path)) == .notExecutable(directory.path, .permissionDenied))
        #expect(
            error(SpawnRequest(executable: "plain", environment: ["PATH": "/nowhere:\(directory.path)"]))
                == .notExecutable("plain", .permissionDenied))
        #expect(
            error(SpawnRequest(executable: "true", workingDirectory: "/nowhere")) == .system(operation: "change to /nowhere", .noSuchFileOrDirectory))
        #expect(SpawnError.notFound("x").shellStatus == 127)
    }

    /// A script without `#!` is run by sh, as execvp(3) does.
    @Test func scriptWithoutInterpreter() async throws {
        let directory = try TemporaryDirectory()
        // By a process of its own: a fork of another test would inherit our descriptor for writing, and the exec meet ETXTBSY.
        _ = try await output("/bin/sh", ["-c", "echo 'echo \"$1 from $PWD\"' > $0; chmod +x $0", "\(directory.path)/no-interpreter"])
        let text = try await output("no-interpreter", ["hello"]) {
            $0.environment = ["PATH": "/usr/bin:\(directory.path)"]
            $0.workingDirectory = directory.path
        }
        #expect(text == "hello from \(directory.path)\n")
    }

    /// Whatever we block or ignore, the child starts from scratch, in a group of its own.
    @Test func signalsAreReset() async throws {
        signal(SIGUSR1, SIG_IGN)
        defer { signal(SIGUSR1, SIG_DFL) }
        let fields = try await output("cat", ["/proc/self/status"]) { $0.newProcessGroup = true }
        let status = try #require(ProcessStatus.parse(Array(fields.utf8)))
        #expect(status.blocked.mask == 0)
        #expect(status.ignored.mask == 0)
        #expect(status.caught.mask == 0)
        let stat = try #require(ProcessStat.parse(Array(try await output("cat", ["/proc/self/stat"]).utf8)))
        #expect(stat.processGroup != ProcessID(getpgrp()))
        let joined = try #require(ProcessStat.parse(Array(try await output("cat", ["/proc/self/stat"]) { $0.newProcessGroup = false }.utf8)))
        #expect(joined.processGroup == ProcessID(getpgrp()))
    }

    @Test func userAndEnvironment() async throws {
        let text = try await output("/bin/sh", ["-c", "id -u; id -g; id -G; env"]) {
            $0.user = .init(uid: 65534, gid: 65534, groups: [65534, 4])
            $0.environment = ["ONLY": "this one"]
        }
        #expect(text.hasPrefix("65534\n65534\n65534 4\n"))
        #expect(text.contains("ONLY=this one\n"))
        #expect(!text.contains("HOME="))
    }

    @Test func exchangedDescriptors() async throws {
        let text = try await output("/bin/sh", ["-c", "echo to stderr >&2"]) { $0.standardError = $0.standardOutput }
        #expect(text == "to stderr\n")
    }

    @Test func noDescriptorLeaks() async throws {
        let held = try FileDescriptor.pipe()
        defer { try? held.readEnd.close(); try? held.writeEnd.close() }
        for end in [held.readEnd, held.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        let watch = try DirectoryWatch("/tmp")
        let names = try await output("/bin/ls", ["-l", "/proc/self/fd"])
        #expect(!names.contains("inotify") && !names.contains("pidfd"))
        withExtendedLifetime(watch) {}
    }

    @Test func peekLeavesTheZombie() async throws {
        let child = try spawn(SpawnRequest(executable: "true"))
        for await _ in readiness(of: child.pidfd.descriptor) { break }
        #expect(try Reaper.peek() != nil)
        #expect(try ProcessTable().stat(child.pid)?.state == "Z")
        #expect(try Reaper.reap(child.pid)?.0 == .exited(0))
    }

    @Test func exitStatusAsJSON() throws {
        for (status, text) in [
            (ExitStatus.exited(3), #"{"exitCode":3}"#), (.signaled(9, coreDumped: true), #"{"coreDumped":true,"signal":"SIGKILL"}"#),
        ] {
            let encoder = JSONEncoder()
            encoder.outputFormatting = .sortedKeys
            let data = try encoder.encode(status)
            #expect(String(decoding: data, as: UTF8.self) == text)
            #expect(try JSONDecoder().decode(ExitStatus.self, from: data) == status)
        }
    }
}

struct SignalNameTests {
    @Test func names() {
        for number: Int32 in 1...64 where number != 32 && number != 33 { #expect(Signals.number(Signals.name(number)) == number) }
        #expect(Signals.number("usr2") == 12)
        #expect(Signals.number("SIGRTMIN+3") == 37)
        #expect(Signals.number("RTMAX-1") == 63)
        #expect(Signals.name(34) == "SIGRTMIN")
        #expect(Signals.name(64) == "SIGRTMIN+30")
        #expect(Signals.number("15") == SIGTERM)
        for wrong in ["", "SIG", "SIGFOO", "0", "65", "SIGRTMIN+31", "SIGRTMIN+x", "-1"] { #expect(Signals.number(wrong) == nil, "\(wrong)") }
    }

    @Test func sets() {
        let set = SignalSet([SIGUSR2, 64])
        #expect(set.contains(SIGUSR2) && set.contains(64) && !set.contains(SIGUSR1))
        #expect(!set.contains(0) && !set.contains(65))
        #expect(SignalSet(mask: set.mask) == set)
    }
}
