import Foundation
import Testing

/// What this host lacks: systemd and the memory controller of cgroup v2, real ones, in a guest under user-mode Linux. What is checked stands in
/// Tests/SystemImage/scenarios.
extension EndToEnd {
    @Suite struct GuestTests {
        @Test(.timeLimit(.minutes(45))) func scenarios() throws {
            let directory = EndToEnd.support.deletingLastPathComponent().appending(path: "SystemImage")
            let runner = Process()
            runner.executableURL = directory.appending(path: "run-scenarios")
            runner.environment = ProcessInfo.processInfo.environment.merging(["HEAPSNAPD_BINARY": try EndToEnd.binary]) { $1 }
            let pipe = Pipe()
            runner.standardOutput = pipe
            runner.standardError = pipe
            try runner.run()
            let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            runner.waitUntilExit()

            let lines = output.split(separator: "\n")
            for failure in lines where failure.hasPrefix("FAIL ") { Issue.record("\(failure)") }
            // One line for each scenario at least: none was left out.
            let scenarios = try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: "scenarios").path)
            for scenario in scenarios where scenario.hasSuffix(".sh") {
                #expect(lines.contains { $0.hasPrefix("PASS \(scenario.dropLast(3)): ") }, "no word of \(scenario)")
            }
            #expect(runner.terminationStatus == 0, "\(output)")
        }
    }
}
