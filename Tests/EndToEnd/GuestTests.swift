import Foundation
import Testing

/// What this host lacks: systemd and the memory controller of cgroup v2, real ones, in a guest. What is checked stands in
/// Tests/SystemImage/scenarios.
extension EndToEnd {
    @Suite struct GuestTests {
        /// User-mode Linux for speed, three times in a row, as what races may pass once; with HEAPSNAPD_TEST_FULL qemu, too, for what that lacks: several
        /// processors and PSI.
        enum Guest: String, Sendable {
            case uml, qemu
            func directories(isFull: Bool) -> [String] {
                self == .qemu ? ["scenarios-qemu"] : isFull ? ["scenarios", "scenarios-full"] : ["scenarios"]
            }
        }

        private static let rounds = [Guest.uml, .uml, .uml] + (EndToEnd.isFull ? [.qemu] : [])

        @Test(.timeLimit(.minutes(60)), arguments: zip(rounds, 1...rounds.count)) func scenarios(guest: Guest, round: Int) throws {
            // What lasts long, once.
            let isFull = EndToEnd.isFull && round == 1
            let directory = EndToEnd.support.deletingLastPathComponent().appending(path: "SystemImage")
            let runner = Process()
            runner.executableURL = directory.appending(path: "run-scenarios")
            var environment = ProcessInfo.processInfo.environment
            environment["HEAPSNAPD_BINARY"] = try EndToEnd.binary
            environment["GUEST"] = guest.rawValue
            environment["HEAPSNAPD_TEST_FULL"] = isFull ? "1" : "0"
            runner.environment = environment
            let scenarios = try guest.directories(isFull: isFull).flatMap {
                try FileManager.default.contentsOfDirectory(atPath: directory.appending(path: $0).path)
            }
            if guest == .qemu { runner.arguments = scenarios.map { String($0.dropLast(3)) } }
            let pipe = Pipe()
            runner.standardOutput = pipe
            runner.standardError = pipe
            try runner.run()
            let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            runner.waitUntilExit()

            let lines = output.split(separator: "\n")
            for failure in lines where failure.hasPrefix("FAIL ") { Issue.record("\(failure)") }
            // One line for each scenario at least: none was left out.
            for scenario in scenarios where scenario.hasSuffix(".sh") {
                #expect(lines.contains { $0.hasPrefix("PASS \(scenario.dropLast(3)): ") }, "no word of \(scenario)")
            }
            #expect(runner.terminationStatus == 0, "\(output)")
        }
    }
}
