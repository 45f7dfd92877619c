import Foundation
import Linux
import Testing

/// One of Tests/Support/programs under `heapsnapd run`, in a memory cgroup of its own.
struct ContainedService {
    let sandbox: Sandbox
    /// in-cgroup, which ends as `heapsnapd run` does.
    let program: Program
    let cgroup: String
    /// `heapsnapd run` itself.
    let supervisor: Int32

    /// - Parameters:
    ///   - outlives: the cgroup, with the service in it, stays when `heapsnapd run` is killed.
    ///   - agent: with copy-on-write; else the rungs below it are what is tested.
    ///   - cgroupsReadOnly: as in a container of Docker or Kubernetes.
    static func start(
        _ name: String, node major: Int, in sandbox: Sandbox, limit: String = "512M", run: [String] = [], flags: [String] = [],
        environment: [String: String] = [:], outlives: Bool = false, agent: Bool = false, cgroupsReadOnly: Bool = false
    ) async throws -> ContainedService {
        let node = try EndToEnd.node(major)
        var command =
            [try EndToEnd.binary, "run", "--snapshot-dir", sandbox.store] + (agent ? [] : ["--no-agent"]) + run + ["--", node] + flags + [
                EndToEnd.program(name)
            ]
        if outlives { command = ["/bin/sh", "-c", "\"$@\" & echo $! > \(sandbox.path("supervisor")); wait; exec sleep 1000", "sh"] + command }
        if cgroupsReadOnly {
            command = ["unshare", "-m", "/bin/sh", "-c", "mount -o remount,bind,ro /sys/fs/cgroup/memory && exec \"$@\"", "sh"] + command
        }
        let program = try sandbox.start(
            [EndToEnd.script("in-cgroup"), "--hold", node, "--path-file", sandbox.path("cgroup"), "--report", limit, "--"] + command,
            environment: environment.merging(["PORT_FILE": sandbox.path("port")]) { $1 })
        try await eventually("the service to listen", within: .seconds(30)) {
            if !program.isRunning { throw TimedOut(description: "the service ended at once: \(program.error)") }
            return FileManager.default.fileExists(atPath: sandbox.path("port")) ? true : nil
        }
        let cgroup = try String(contentsOfFile: sandbox.path("cgroup"), encoding: .utf8).trimmingCharacters(in: .newlines)
        let children = try ProcessTable().children(of: .init(program.pid))
        let supervisor = outlives ? try String(contentsOfFile: sandbox.path("supervisor"), encoding: .utf8).trimmingCharacters(in: .newlines) : nil
        return ContainedService(
            sandbox: sandbox, program: program, cgroup: cgroup, supervisor: try #require(supervisor.flatMap { Int32($0) } ?? children.first?.rawValue)
        )
    }

    /// What the limit is now, in bytes.
    var limit: Int { get throws { try value("memory.limit_in_bytes") } }
    /// With the page cache.
    var use: Int { get throws { try value("memory.usage_in_bytes") } }

    private func value(_ name: String) throws -> Int {
        try #require(Int(String(contentsOfFile: "\(cgroup)/\(name)", encoding: .utf8).trimmingCharacters(in: .newlines)))
    }

    /// Its first snapshot that is complete.
    func snapshot() async throws -> StoredRecord {
        try await eventually("a snapshot that is complete", within: .seconds(120), every: .milliseconds(100)) {
            let ended = !program.isRunning
            let records = try await sandbox.records()
            if let record = records.first(where: { $0.state == "complete" }) { return record }
            if ended { throw TimedOut(description: "the service ended before a snapshot was complete: \(program.error.suffix(3000))") }
            return nil
        }
    }

    /// What /health says: the service's own view of itself.
    struct Health: Decodable { var pid: Int32, rss: Int, heapUsed: Int }

    /// nil: no answer within twenty seconds.
    func health() async throws -> Health? {
        let port = try String(contentsOfFile: sandbox.path("port"), encoding: .utf8).trimmingCharacters(in: .newlines)
        let answer = try await sandbox.start(["curl", "-s", "-m", "20", "http://127.0.0.1:\(port)/health"]).end()
        return try? JSONDecoder().decode(Health.self, from: Data(answer.output.utf8))
    }
}

/// A loan that some heapsnapd of this host has open.
struct OpenLoan: Decodable {
    var useBefore: Int

    static var all: [OpenLoan] {
        let directory = "/run/heapsnapd/loans"
        return ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).compactMap { name in
            (try? Data(contentsOf: URL(filePath: "\(directory)/\(name)"))).flatMap { try? JSONDecoder().decode(OpenLoan.self, from: $0) }
        }
    }
}
