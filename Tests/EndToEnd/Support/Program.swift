import Foundation
import Linux
import SystemPackage
import Testing
import Units

/// A process that a test started; its output goes to files, so that a grandchild that keeps it open holds nobody up.
final class Program: Sendable {
    struct Outcome {
        var status: Int32
        var output: String
        var error: String
    }

    let pid: Int32
    private let process: SpawnedProcess
    private let outputPath: String
    private let errorPath: String

    /// - Parameters:
    ///   - name: of the two files, in `directory`.
    init(_ command: [String], environment: [String: String], workingDirectory: String?, user: SpawnRequest.User? = nil, logs: String) throws {
        (outputPath, errorPath) = (logs + ".out", logs + ".err")
        let input = try FileDescriptor.open("/dev/null", .readOnly)
        let output = try Self.create(outputPath)
        let error = try Self.create(errorPath)
        defer { for descriptor in [input, output, error] { try? descriptor.close() } }
        process = try spawn(
            SpawnRequest(
                executable: command[0], arguments: Array(command.dropFirst()), environment: environment, workingDirectory: workingDirectory,
                standardInput: input, standardOutput: output, standardError: error, user: user))
        pid = process.pid.rawValue
    }

    var output: String { Self.read(outputPath) }
    var error: String { Self.read(errorPath) }
    /// Neither gone nor a zombie.
    var isRunning: Bool { state != nil && state != "Z" }
    /// The letter of /proc/PID/stat.
    var state: Character? { processState(pid) }

    func signal(_ number: Int32) { kill(pid, number) }

    /// - Returns: with 128 + n as status after signal n.
    @discardableResult
    func end(within limit: Duration = .seconds(60)) async throws -> Outcome {
        defer { withExtendedLifetime(process) {} }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { [process] in
                for await _ in readiness(of: process.pidfd.descriptor) { return true }
                return false
            }
            group.addTask {
                try await Task.sleep(for: limit)
                return false
            }
            let ended = try await group.next() ?? false
            group.cancelAll()
            guard ended, let (status, _) = try Reaper.reap(process.pid) else {
                throw TimedOut(description: "process \(pid) has not ended within \(limit); it wrote: \(output.suffix(2000)) \(error.suffix(2000))")
            }
            return Outcome(status: status.shellStatus, output: output, error: error)
        }
    }

    private static func create(_ path: String) throws -> FileDescriptor {
        try FileDescriptor.open(path, .writeOnly, options: [.create, .append, .closeOnExec], permissions: .ownerReadWrite)
    }

    private static func read(_ path: String) -> String {
        (try? Data(contentsOf: URL(filePath: path))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The letter of /proc/PID/stat: `123 (comm with ) in it) S 1 …`; nil when it is gone.
func processState(_ pid: Int32) -> Character? {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8), let end = stat.lastIndex(of: ")") else { return nil }
    return stat[end...].dropFirst(2).first
}

func isRunning(_ pid: Int32) -> Bool { processState(pid).map { $0 != "Z" } ?? false }
