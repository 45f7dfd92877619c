import Glibc
import Testing

@testable import HeapSnapshot

/// In headless Chromium: Tests/Support/bin/check-report says what is looked at.
@Suite(.serialized) struct ReportBrowserTests {
    @Test func ofARealHeap() throws {
        let graph = try SnapshotGraph(reportSnapshot(fixture("n22-8m")))
        var report = Report(graph, title: "n22-8m", showsStrings: true)
        report.facts = [.init("service", "shop"), .init("Node", "v22.20.0")]
        report.trajectory = (0..<300).map { .init(seconds: Double($0), useBytes: UInt64($0) << 20, limitBytes: 512 << 20) }
        report.suspects = [
            .init(
                title: "cache", sentence: "A Map holds 12,000 entries.", bytes: 1 << 20, share: 0.2, confidence: 0.8, path: ["global", "cache: Map"],
                location: "a.js:1:2")
        ]
        report.comparison = .init(
            base: "before",
            changes: report.classes.map {
                .init(
                    name: $0.name, added: $0.count, removed: 0, delta: $0.count, allocatedBytes: $0.shallowBytes, freedBytes: 0,
                    sizeDelta: Int64($0.shallowBytes))
            })
        try check(report)
    }

    @Test func ofAHeapThatWantsToBeExecuted() throws { try check(try ReportPageTests.hostileReport()) }

    private func check(_ report: Report, path: String = #filePath) throws {
        let file = try temporaryPage(report.page(), suffix: ".html")
        defer { unlink(file) }
        let tests = path.split(separator: "/").dropLast(2).joined(separator: "/")
        let said = shellOutput(of: "timeout 300 '/\(tests)/Support/bin/check-report' '\(file)' 2>&1")
        #expect(said.status == 0, "\(said.text)")
    }
}
