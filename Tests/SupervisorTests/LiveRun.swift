import Glibc
import Supervisor
import SystemPackage
import Testing
import Units

@testable import Linux

/// One supervised shell script, its standard output in a pipe, and signals handed in instead of sent to the process of the tests.
struct LiveRun {
    let supervisor: Supervisor
    private let output: FileDescriptor
    private let signals: AsyncStream<ReceivedSignal>.Continuation

    init(
        _ script: String, restart: RestartPolicy.Condition = .no, startLimit: Int = 5, grace: Duration = .zero, tailsStandardError: Bool = false
    ) throws {
        let pipe = try FileDescriptor.pipe()
        for end in [pipe.readEnd, pipe.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        let request = SpawnRequest(executable: "/bin/sh", arguments: ["-c", script], standardOutput: pipe.writeEnd)
        try self.init(request, restart: restart, startLimit: startLimit, grace: grace, tailsStandardError: tailsStandardError, output: pipe.readEnd)
    }

    init(
        _ request: SpawnRequest, restart: RestartPolicy.Condition = .no, startLimit: Int = 5, grace: Duration = .zero,
        tailsStandardError: Bool = false, output: FileDescriptor = .standardInput
    ) throws {
        let (stream, continuation) = AsyncStream<ReceivedSignal>.makeStream()
        self.output = output
        signals = continuation
        supervisor = try Supervisor(
            service: request,
            configuration: .init(
                restart: RestartPolicy(
                    restart, initialBackOff: .milliseconds(10), maximumBackOff: .milliseconds(20), startLimit: startLimit,
                    startLimitWindow: .seconds(60)),
                captureGrace: grace, forwardsUserSignals: false, tailsStandardError: tailsStandardError, reapsOrphans: false),
            signals: stream)
    }

    func receive(_ signal: Int32) {
        signals.yield(ReceivedSignal(signal: signal, sender: ProcessID(getpid()), uid: getuid(), code: 0))
    }

    /// The service prints it when its handlers are in place.
    func waitForLine(_ line: String) async {
        for await _ in readiness(of: output) { break }
        var buffer = [UInt8](repeating: 0, count: 1_024)
        let count = buffer.withUnsafeMutableBytes { read(output.rawValue, $0.baseAddress, $0.count) }
        #expect(String(decoding: buffer.prefix(max(0, count)), as: UTF8.self) == line + "\n")
    }
}
