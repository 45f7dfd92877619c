import Foundation
import Testing

/// load.js: requests without pause on four connections.
struct HTTPLoad {
    private let program: Program

    static func start(on service: ContainedService) async throws -> HTTPLoad {
        let port = try String(contentsOfFile: service.sandbox.path("port"), encoding: .utf8).trimmingCharacters(in: .newlines)
        return HTTPLoad(program: try service.sandbox.start([try EndToEnd.node(24), EndToEnd.program("load.js"), port]))
    }

    /// Stops it, and tells what came of it.
    func end() async throws -> Report {
        program.signal(SIGINT)
        let outcome = try await program.end()
        #expect(outcome.status == 0, "\(outcome.error)")
        return try JSONDecoder().decode(Report.self, from: Data(outcome.output.utf8))
    }

    struct Report: Decodable, CustomStringConvertible {
        var answered: Int
        var seconds: Double
        /// Latencies in milliseconds.
        var p50: Double, p99: Double, max: Double
        var failures: [String]

        /// Answers per second.
        var rate: Double { Double(answered) / seconds }

        var description: String {
            String(format: "%d requests, %.0f/s, p50 %.1f ms, p99 %.1f ms, max %.1f ms, %d failed", answered, rate, p50, p99, max, failures.count)
        }
    }
}
