import Foundation
import SystemPackage
import Testing
import Units

@testable import Linux

/// Testing has a type of this name too.
typealias ExitStatus = Linux.ExitStatus

/// A directory that goes with the test; also a root of fixtures.
final class TemporaryDirectory: Sendable {
    let path: String
    var root: FileSystemRoot { FileSystemRoot(path) }

    init() throws {
        var template = Array("/tmp/linux-tests.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno.last }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Makes the directories above too.
    func write(_ name: String, _ text: String) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
    }
}

/// A child that is killed and reaped with the test.
final class Child: Sendable {
    let process: SpawnedProcess
    var pid: ProcessID { process.pid }

    init(_ executable: String, _ arguments: String...) throws {
        process = try spawn(SpawnRequest(executable: executable, arguments: arguments))
    }

    deinit {
        kill(pid.rawValue, SIGKILL)
        waitpid(pid.rawValue, nil, 0)
    }
}

func ended(_ process: SpawnedProcess) async throws -> (ExitStatus, ResourceUse) {
    for await _ in readiness(of: process.pidfd.descriptor) { break }
    return try #require(try Reaper.reap(process.pid))
}

/// Polls what the kernel sends no event for.
func eventually(within seconds: Double = 10, _ condition: () throws -> Bool) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try !condition() {
        if ContinuousClock.now > deadline { return false }
        try await Task.sleep(for: .milliseconds(2))
    }
    return true
}

/// The element, or nil after `seconds`: a test must be able to fail instead of hanging.
func first<Element: Sendable>(
    of stream: AsyncStream<Element>, within seconds: Double = 10, where matches: @escaping @Sendable (Element) -> Bool = { _ in true }
) async -> Element? {
    await withTaskGroup(of: Element?.self) { group in
        group.addTask { await stream.first(where: matches) }
        group.addTask {
            try? await Task.sleep(for: .seconds(seconds))
            return nil
        }
        let element = await group.next() ?? nil
        group.cancelAll()
        return element
    }
}

/// A real cgroup v1 that goes with the test; its processes are killed.
final class TestCgroup: Sendable {
    let memory: CgroupV1Memory

    init(below parent: CgroupV1Memory = CgroupV1Memory(path: "/sys/fs/cgroup/memory")) throws {
        memory = try CgroupV1Memory.create("linux-tests.\(getpid()).\(UInt32.random(in: 0...UInt32.max))", below: parent)
    }

    deinit {
        for pid in (try? memory.processes()) ?? [] { kill(pid.rawValue, SIGKILL) }
        let deadline = ContinuousClock.now + .seconds(5)
        while (try? memory.remove()) == nil, ContinuousClock.now < deadline { usleep(1_000) }
    }

    /// Runs `command` by sh inside of the cgroup from its first page on.
    func run(_ command: String) throws -> Child { try Child("/bin/sh", "-c", "echo $$ > \(memory.path)/cgroup.procs; \(command)") }

    /// Holds `size` of anonymous memory until killed.
    func hold(_ size: ByteCount) throws -> Child {
        try run("exec python3 -c 'b = bytearray(\(size.bytes))\nfor i in range(0, len(b), 4096): b[i] = 1\nimport time; time.sleep(600)'")
    }
}
