import Foundation
import Linux
import SystemPackage
import Testing

/// A shell script around the binary under test, `$HEAPSNAPD_BINARY`.
///
/// The script finds `$RUN` (`heapsnapd run --snapshot-dir` with a directory of its own) and the directory `$DIR`, which goes away with this object.
/// Output goes through files: a grandchild that keeps it open holds nobody up.
final class ShellScript: Sendable {
    let directory: URL
    private let text: String

    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    init(_ text: String) throws {
        self.text = text
        directory = FileManager.default.temporaryDirectory.appending(path: "heapsnapd-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    /// - Returns: with 128 + n as status when a signal killed the shell.
    func run() async throws -> Outcome {
        let binary = try #require(ProcessInfo.processInfo.environment["HEAPSNAPD_BINARY"], "set HEAPSNAPD_BINARY to the program under test")
        let environment = ProcessInfo.processInfo.environment.merging([
            "RUN": "\(binary) run --snapshot-dir \(path("snapshots"))", "DIR": directory.path,
        ]) { $1 }
        // A hanging test is to fail, and to leave nothing behind: timeout kills its process group. That is far beyond the slowest one.
        // Not Foundation's Process: it takes a grandchild that inherited its socket for the child itself, and waits for that.
        let input = try FileDescriptor.open("/dev/null", .readOnly)
        let (output, error) = (try create("output"), try create("error"))
        let process = try spawn(
            SpawnRequest(
                executable: "/usr/bin/timeout", arguments: ["--signal", "KILL", "110", "/bin/bash", "-c", text], environment: environment,
                standardInput: input, standardOutput: output, standardError: error))
        for descriptor in [input, output, error] { try descriptor.close() }
        defer { withExtendedLifetime(process) {} }  // a pidfd that closes early is silently never ready
        for await _ in readiness(of: process.pidfd.descriptor) { break }
        let (status, _) = try #require(try Reaper.reap(process.pid))
        return Outcome(status: status.shellStatus, output: try read("output"), error: try read("error"))
    }

    func write(_ contents: String, to name: String) throws { try Data(contents.utf8).write(to: URL(filePath: path(name))) }

    private func path(_ name: String) -> String { directory.appending(path: name).path }

    private func read(_ name: String) throws -> String { String(decoding: try Data(contentsOf: URL(filePath: path(name))), as: UTF8.self) }

    private func create(_ name: String) throws -> FileDescriptor {
        try FileDescriptor.open(path(name), .writeOnly, options: [.create, .truncate, .closeOnExec], permissions: .ownerReadWrite)
    }
}
