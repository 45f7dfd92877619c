import Foundation
import Testing

extension EndToEnd {
    /// What `heapsnapd run` costs beside the service.
    @Suite(.timeLimit(.minutes(5))) struct FootprintTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        /// Budgets of issue 2: 8 MiB of anonymous memory, a thousandth of a core; and as many descriptors and threads after captures as before.
        @Test func atRestAndAfterCaptures() async throws {
            let run = try sandbox.startHeapsnapd(["run", "--", EndToEnd.node(24), EndToEnd.program("steady.js")])
            try await eventually("the service to listen") { run.output.contains("listening") ? true : nil }
            try await Task.sleep(for: .seconds(6))  // past the search for the process and the first looks at it
            // Ticks of 10 ms: two of them in 20 s are the budget, a third is the error of counting. The best of three: others share the processor's caches.
            let budget = 0.001 + 0.0005 + 1e-9
            var (share, rest) = (1.0, try Footprint(run.pid))
            for _ in 1...3 where share > budget {
                let start = try Footprint(run.pid)
                try await Task.sleep(for: .seconds(20))
                rest = try Footprint(run.pid)
                share = min(share, (rest.cpuSeconds - start.cpuSeconds) / 20)
            }
            print("footprint at rest: \(rest), \(share * 100) % of a core")
            #expect(rest.anonymousBytes < 8 << 20)
            #expect(share <= budget)
            #expect(rest.descriptors <= 40)
            #expect(rest.threads <= 12)

            var after: [Footprint] = []
            for count in 1...3 {
                run.signal(SIGUSR2)
                try await eventually("snapshot \(count)", within: .seconds(30), every: .milliseconds(100)) {
                    try await sandbox.records().count { $0.state == "complete" } == count ? true : nil
                }
                try await Task.sleep(for: .milliseconds(500))
                after.append(try Footprint(run.pid))
            }
            print("footprint after captures: \(after)")
            #expect(after[2].descriptors <= after[0].descriptors)
            #expect(after[2].threads <= after[0].threads + 1)
            #expect(after[2].anonymousBytes < 12 << 20)
            run.signal(SIGTERM)
            #expect(try await run.end().status == 143)
        }
    }
}

/// Of a process, from /proc.
private struct Footprint {
    var anonymousBytes: Int
    var threads: Int
    var descriptors: Int
    var cpuSeconds: Double

    init(_ pid: Int32) throws {
        let status = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
        func number(_ key: String) -> Int? {
            status.split(separator: "\n").first { $0.hasPrefix(key + ":") }.flatMap { $0.split(whereSeparator: \.isWhitespace).dropFirst().first }
                .flatMap { Int($0) }
        }
        anonymousBytes = try #require(number("RssAnon")) * 1024
        threads = try #require(number("Threads"))
        descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count
        let stat = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        // After "pid (comm) ": the state is field 3 of proc(5), utime 14, stime 15, in ticks of 10 ms.
        let fields = stat[try #require(stat.lastIndex(of: ")"))...].dropFirst(2).split(separator: " ")
        cpuSeconds = try (#require(Double(fields[11])) + #require(Double(fields[12]))) / 100
    }
}
