import Foundation
import Testing

/// All end-to-end suites. One after the other: a host takes one capture at a time, and pauses are measured on its two cores.
@Suite(.serialized) enum EndToEnd {
    /// What the tests run. `make test` sets both.
    static var binary: String {
        get throws { try #require(ProcessInfo.processInfo.environment["HEAPSNAPD_BINARY"], "set HEAPSNAPD_BINARY to the program under test") }
    }

    /// `make test-full`: all repetitions on all versions.
    static let isFull = ProcessInfo.processInfo.environment["HEAPSNAPD_TEST_FULL"] == "1"

    /// Tests/Support: programs that are captured, and scripts.
    static let support = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(
        path: "Support")

    static func program(_ name: String) -> String { support.appending(path: "programs/\(name)").path }
    static func script(_ name: String) -> String { support.appending(path: "bin/\(name)").path }

    /// The node of a major version, as Tests/Support/bin/fetch-node lays them out.
    static func node(_ major: Int) throws -> String {
        let environment = ProcessInfo.processInfo.environment
        let nodes = environment["HEAPSNAPD_NODES"] ?? (environment["HOME"] ?? "") + "/.cache/heapsnapd/nodes"
        let path = "\(nodes)/\(major)/bin/node"
        try #require(FileManager.default.isExecutableFile(atPath: path), "no \(path): run Tests/Support/bin/fetch-node")
        return path
    }
}

struct TimedOut: Error, CustomStringConvertible {
    var description: String
}

/// Asks again until there is an answer. Only for what the kernel tells nobody of: the state of another process, a record of a store.
///
/// - Throws: `TimedOut`, with what was waited for.
@discardableResult
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60), every interval: Duration = .milliseconds(20), _ answer: () async throws -> Value?
) async throws -> Value {
    let deadline = ContinuousClock.now + limit
    while true {
        if let value = try await answer() { return value }
        guard ContinuousClock.now < deadline else { throw TimedOut(description: "waited \(limit) for \(what)") }
        try await Task.sleep(for: interval)
    }
}
