import Glibc
import Linux
import SystemPackage
import Testing

@testable import Supervisor

@Suite(.timeLimit(.minutes(1))) struct StderrTailTests {
    @Test func passesEverythingOnUnchangedAndKeepsTheEnd() async throws {
        let file = try TemporaryFile()
        let tail = try StderrTail(output: file.descriptor)
        try await write("i=0; while [ $i -lt 30000 ]; do echo \"line $i\"; i=$((i+1)); done >&2", to: tail)
        await tail.flush(patience: .seconds(30))
        let expected = (0..<30_000).map { "line \($0)\n" }.joined()
        #expect(try file.text() == expected)
        #expect(String(decoding: tail.takeTail(), as: UTF8.self) == String(expected.suffix(StderrTail.capacity)))
        #expect(tail.takeTail() == [], "each run of the service has its own")
    }

    /// More than the backlog, through a reader that takes its time: the service waits for it, as it would without us.
    /// The reader is a process, because the tests that run beside this one can keep a task from running for seconds.
    @Test func aSlowReaderMissesNothing() async throws {
        let slow = try FileDescriptor.pipe()
        let tail = try StderrTail(output: slow.writeEnd, stallLimit: .seconds(30))
        let script = """
            import os, time
            count = 0
            while count < 3000000:
                chunk = os.read(0, 8192)
                assert set(chunk) == {0}, chunk
                count += len(chunk)
                time.sleep(0.0005)
            """
        let reader = try spawn(SpawnRequest(executable: "python3", arguments: ["-c", script], standardInput: slow.readEnd))
        try await write("head -c 3000000 /dev/zero >&2", to: tail)
        await tail.flush(patience: .seconds(30))
        try await expectSuccess(of: reader)
    }

    @Test func aStalledReaderHoldsUpNobodyForLongAndLearnsWhatItMissed() async throws {
        let stalled = try FileDescriptor.pipe()
        let tail = try StderrTail(output: stalled.writeEnd, stallLimit: .milliseconds(200))
        try await write("head -c 5000000 /dev/zero >&2; echo last words >&2", to: tail)
        #expect(tail.takeTail().suffix(11) == Array("last words\n".utf8)[...])
        await tail.flush(patience: .milliseconds(10))
        // The reader comes back to life: what waited comes first, then the line.
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while !received.suffix(200).contains(UInt8(ascii: "h")) || received.last != UInt8(ascii: "\n") {
            var ready = pollfd(fd: stalled.readEnd.rawValue, events: Int16(POLLIN), revents: 0)
            try #require(poll(&ready, 1, 10_000) == 1, "neither the bytes nor the line came")
            let count = try buffer.withUnsafeMutableBytes { try stalled.readEnd.read(into: $0) }
            received += buffer[..<count]
        }
        let passed = received.prefix { $0 == 0 }.count
        #expect(passed >= StderrTail.backlogLimit - StderrTail.capacity)
        #expect(passed <= StderrTail.backlogLimit + 3 * StderrTail.capacity, "the pipe itself, and a chunk at either end")
        #expect(
            String(decoding: received[passed...], as: UTF8.self)
                == "heapsnapd: \(5_000_011 - passed) bytes of standard error dropped: its reader stalled\n")
    }

    @Test func aClosedStandardErrorKillsNobody() async throws {
        let closed = try FileDescriptor.pipe()
        try closed.readEnd.close()
        let tail = try StderrTail(output: closed.writeEnd)
        try await write("head -c 500000 /dev/zero >&2; echo last words >&2", to: tail)
        await tail.flush(patience: .seconds(5))
        #expect(tail.takeTail().suffix(11) == Array("last words\n".utf8)[...])
    }

    /// Returns when the script has ended; fails when it doesn't end well.
    private func write(_ script: String, to tail: StderrTail) async throws {
        try await expectSuccess(of: spawn(SpawnRequest(executable: "/bin/sh", arguments: ["-c", script], standardError: tail.input)))
    }

    private func expectSuccess(of child: SpawnedProcess) async throws {
        defer { withExtendedLifetime(child) {} }  // a pidfd that closes early is silently never ready
        for await _ in readiness(of: child.pidfd.descriptor) { break }
        #expect(try Reaper.reap(child.pid)?.0 == .exited(0))
    }
}

private final class TemporaryFile {
    let descriptor: FileDescriptor
    private let path: String

    init() throws {
        path = "/tmp/stderr-tail-\(getpid())-\(UInt32.random(in: .min ... .max))"
        descriptor = try FileDescriptor.open(path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
    }

    func text() throws -> String {
        var bytes = [UInt8](repeating: 0, count: Int(try descriptor.seek(offset: 0, from: .end)))
        let count = try bytes.withUnsafeMutableBytes { try descriptor.read(fromAbsoluteOffset: 0, into: $0) }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    deinit {
        try? descriptor.close()
        unlink(path)
    }
}
