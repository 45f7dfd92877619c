import Foundation
import Linux
import Testing

/// A directory of a test's own with a store in it. Every process started here carries the directory in its environment, and so do all below it, whoever
/// their parent is by then: they end with this object.
final class Sandbox: Sendable {
    let directory: String
    var store: String { path("store") }
    private static let mark = "HEAPSNAPD_TEST_SANDBOX"

    init() throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "heapsnapd-test-\(UUID().uuidString.prefix(8))").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    deinit {
        // in-cgroup goes last, by itself: it removes the cgroup when the others are gone.
        for pid in marked where !commandLine(pid).contains("in-cgroup") { kill(pid, SIGKILL) }
        let deadline = ContinuousClock.now + .seconds(5)
        while !marked.isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        for mount in mounts { umount2(mount, Int32(MNT_DETACH)) }
        try? FileManager.default.removeItem(atPath: directory)
    }

    func path(_ name: String) -> String { "\(directory)/\(name)" }

    func makeDirectory(_ name: String, mode: Int = 0o755) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        return path(name)
    }

    @discardableResult
    func write(_ contents: String, to name: String) throws -> String {
        try Data(contents.utf8).write(to: URL(filePath: path(name)))
        return path(name)
    }

    // MARK: processes

    func start(
        _ command: [String], environment: [String: String] = [:], in workingDirectory: String? = nil, user: SpawnRequest.User? = nil
    ) throws -> Program {
        try Program(
            command, environment: ProcessInfo.processInfo.environment.merging(environment) { $1 }.merging([Self.mark: directory]) { $1 },
            workingDirectory: workingDirectory ?? directory, user: user, logs: path("log-\(UUID().uuidString.prefix(8))"))
    }

    /// A subcommand on this sandbox's store.
    func startHeapsnapd(_ arguments: [String], environment: [String: String] = [:], in workingDirectory: String? = nil) throws -> Program {
        try start([EndToEnd.binary, arguments[0], "--snapshot-dir", store] + arguments.dropFirst(), environment: environment, in: workingDirectory)
    }

    func heapsnapd(_ arguments: String..., environment: [String: String] = [:]) async throws -> Program.Outcome {
        try await startHeapsnapd(arguments, environment: environment).end()
    }

    func records() async throws -> [StoredRecord] {
        let outcome = try await heapsnapd("list", "--json")
        guard outcome.status == 0 else { throw TimedOut(description: "heapsnapd list exited \(outcome.status): \(outcome.output)\(outcome.error)") }
        return try JSONDecoder().decode([StoredRecord].self, from: Data(outcome.output.utf8))
    }

    func record(_ what: String, within limit: Duration = .seconds(60), where matches: (StoredRecord) -> Bool) async throws -> StoredRecord {
        try await eventually("a record that is \(what)", within: limit, every: .milliseconds(100)) { try await records().first(where: matches) }
    }

    /// Below incoming/ of the store, in whatever directory of a run.
    var incomingFiles: [String] {
        let incoming = store + "/incoming"
        return (FileManager.default.subpaths(atPath: incoming) ?? []).map { "\(incoming)/\($0)" }.filter {
            var isDirectory: ObjCBool = false
            return FileManager.default.fileExists(atPath: $0, isDirectory: &isDirectory) && !isDirectory.boolValue
        }
    }

    private var marked: [Int32] {
        let mark = Data("\(Self.mark)=\(directory)\0".utf8)
        return (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) }.filter { pid in
            (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/environ")))?.range(of: mark) != nil
        } ?? []
    }

    private var mounts: [String] {
        ((try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? "").split(separator: "\n").compactMap { line in
            let place = line.split(separator: " ")[1]
            return place.hasPrefix(directory + "/") ? String(place) : nil
        }
    }

    private func commandLine(_ pid: Int32) -> String {
        (try? Data(contentsOf: URL(filePath: "/proc/\(pid)/cmdline"))).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
