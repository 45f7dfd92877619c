import AgentProtocol
import Foundation
import Node
import SnapshotStore
import Testing
import Units

@testable import Capture

/// What a hunt costs the service, and whether it is let.
struct ExactIDsTests {
    private func objection(
        heap: ByteCount = .mebibytes(100), use: ByteCount = .mebibytes(150), limit: ByteCount? = .mebibytes(512), maxPause: Duration = .seconds(10),
        watchdog: Duration? = nil, acceptRisk: Bool = false, ids: Duration? = .seconds(600), isOpen: Bool = false
    ) throws -> Refusal.Code? {
        let agent = try FakeAgent(listens: false)
        var request = CaptureRequest(
            process: agent.process, directory: "/", signal: 0, handler: .node,
            admission: Admission(maxPause: maxPause, lend: true, acceptRisk: acceptRisk), stallTimeout: .seconds(10), assumesHandler: false,
            growth: .zero,
            record: SnapshotRecord(
                id: SnapshotID(at: Timestamp(milliseconds: 1_000)), state: .requested, service: "shop", reason: "manual", engine: "none",
                createdAt: Timestamp(milliseconds: 1)))
        request.exactIDs = ids
        var facts = AdmissionFacts(
            use: use, limit: limit, hostAvailable: .gibibytes(8), hostTotal: .gibibytes(16), directory: "/", directoryWritable: true,
            directoryAvailable: .gibibytes(8), storeAvailable: .gibibytes(8), storeSharesFileSystem: false)
        facts.watchdog = watchdog
        return request.objection(toNumbering: heap, isOpen: isOpen, facts)?.code
    }

    @Test func itFits() throws { #expect(try objection() == nil) }
    @Test func withoutIDsNothingIsAsked() throws {
        #expect(try objection(heap: .gibibytes(4), ids: nil) == nil)
        #expect(try objection(heap: .gibibytes(4), ids: .zero) == nil)
    }
    @Test func theStop() throws {
        #expect(try objection(maxPause: .milliseconds(900)) == .pause)
        #expect(try objection(watchdog: .milliseconds(1_800)) == .pause)
        #expect(try objection(maxPause: .milliseconds(900), acceptRisk: true) == nil)
    }
    @Test func theTable() throws {
        #expect(try objection(use: .mebibytes(300)) == .doesNotFit)
        #expect(try objection(use: .mebibytes(300), limit: nil) == nil)
        #expect(try objection(use: .mebibytes(300), isOpen: true) == nil, "it is there already")
    }

    @Test func oneLineageForOneHunt() throws {
        func hunt(until: Int) throws -> AgentHunt {
            try JSONDecoder().decode(AgentHunt.self, from: Data(#"{"since":1795233600.123456,"until":\#(until)}"#.utf8))
        }
        let process = ProcessIdentity(pid: ProcessID(71), startTime: 4_711, bootID: "b")
        let (first, prolonged) = (try hunt(until: 1_795_234_200), try hunt(until: 1_795_234_500))
        #expect(first.lineage(of: process, isolate: 0) == "exact-71-4711-0-1795233600123")
        #expect(first.lineage(of: process, isolate: 0) == prolonged.lineage(of: process, isolate: 0))
        #expect(first.lineage(of: process, isolate: 1) != first.lineage(of: process, isolate: 0))
    }

    /// The agent's clock is the service's word.
    @Test(arguments: [1e300, -1e300, .infinity, -.infinity, .nan]) func anyTimeIsATime(seconds: Double) {
        #expect(Timestamp(secondsSinceEpoch: seconds).description.count == 24)
    }
}
