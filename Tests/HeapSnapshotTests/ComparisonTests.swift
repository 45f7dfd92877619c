import Foundation
import Testing

@testable import HeapSnapshot

/// The snapshot of a fixture, read.
func readFixture(_ name: String) throws -> Snapshot { try read(try fixture(name)) }

func read(_ bytes: [UInt8]) throws -> Snapshot { try SnapshotReader.read(source(of: bytes)) }

func source(of bytes: [UInt8]) -> ByteSource {
    var position = 0
    return ByteSource(size: bytes.count) { buffer in
        let count = min(buffer.count, bytes.count - position)
        buffer.copyBytes(from: bytes[position..<position + count])
        position += count
        return count
    }
}

@Suite struct ComparisonTests {
    struct Wanted: Decodable, Hashable {
        var key: String
        var addedCount: Int, removedCount: Int, addedSize: UInt64, removedSize: UInt64
    }

    @Test func devToolsComparisonOfEveryRow() throws {
        let after = try Census(readFixture("n20-leak-after"))
        let before = try Census(readFixture("n20-leak-before"), namedAs: after)
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../Fixtures/heapsnapshot/n20-leak-diff.json")
        let wanted = try JSONDecoder().decode([Wanted].self, from: Data(contentsOf: file))
        let rows = Comparison(before, after, byLocation: true).rows.map { row in
            let place = row.location.map { "\($0.script),\($0.line),\($0.column)" } ?? ""
            return Wanted(
                key: "\(place),\(row.name)", addedCount: row.addedCount ?? -1, removedCount: row.removedCount ?? -1, addedSize: row.addedBytes ?? 0,
                removedSize: row.removedBytes ?? 0)
        }
        #expect(Set(rows) == Set(wanted))
        #expect(rows.count == wanted.count && rows.count == 39)
    }

    @Test func rowsOfOneNameAreOneRow() throws {
        let after = try Census(readFixture("n20-leak-after"))
        let before = try Census(readFixture("n20-leak-before"), namedAs: after)
        let (apart, joined) = (Comparison(before, after, byLocation: true), Comparison(before, after))
        #expect(Set(joined.rows.map(\.name)).count == joined.rows.count)
        #expect(apart.rows.reduce(0) { $0 + $1.bytesDelta } == joined.rows.reduce(0) { $0 + $1.bytesDelta })
        #expect(joined.rows.first { $0.name == "LeakingClass" }?.addedCount == 300)
        let steady = try #require(joined.rows.first { $0.name == "SteadyClass" })
        #expect(steady.addedCount == 1 && steady.removedCount == 1 && steady.countDelta == 0)
    }

    @Test func aSnapshotAndItself() throws {
        let census = try Census(readFixture("n20-leak-after"))
        let comparison = Comparison(census, census)
        #expect(comparison.rows.isEmpty)
        #expect(comparison.before == comparison.after && comparison.before.nodeCount > 40_000)
    }

    @Test func growthInEveryStep() throws {
        let after = try Census(readFixture("n20-leak-after"))
        let before = try Census(readFixture("n20-leak-before"), namedAs: after)
        let leaking = try #require(ClassGrowth.over([before, after]).first { $0.name == "LeakingClass" })
        #expect(leaking.grewInEveryStep)
        #expect(leaking.survivors == [leaking.counts[0], 300])
        // Nothing came in the second step.
        let still = try #require(ClassGrowth.over([before, after, after]).first { $0.name == "LeakingClass" })
        #expect(still.survivors == [leaking.counts[0], 300, 0])
        #expect(!still.grewInEveryStep)
        let steady = try #require(ClassGrowth.over([before, after]).first { $0.name == "SteadyClass" })
        #expect(!steady.grewInEveryStep && steady.survivors == [steady.counts[1] - 1, 1])
    }

    @Test func memwatchHeapDiff() throws {
        let after = try Census(readFixture("n20-leak-after"))
        let before = try Census(readFixture("n20-leak-before"), namedAs: after)
        let diff = try #require(HeapDiff(Comparison(before, after)))
        #expect(diff.change.size_bytes == Int64(diff.after.size_bytes) - Int64(diff.before.size_bytes))
        let leaking = try #require(diff.change.details.first { $0.what == "LeakingClass" })
        #expect(leaking == HeapDiff.Detail(what: "LeakingClass", size_bytes: 12_000, size: "11.72 kb", added: 300, removed: 0))
        let json = String(decoding: try JSONEncoder().encode(leaking), as: UTF8.self)
        #expect(json.contains("\"+\":300") && json.contains("\"-\":0"))
    }

    @Test(
        arguments: [
            (12_103_368, "11.54 mb"), (15_408, "15.05 kb"), (1_024, "1024 bytes"), (0, "0 bytes"), (-1_536, "-1.5 kb"), (2 << 20, "2 mb"),
            (-40, "-40 bytes"),
        ] as [(Int64, String)])
    func memwatchSizes(_ bytes: Int64, _ text: String) { #expect(HeapDiff.text(bytes) == text) }

    @Test func withoutIdentitiesOnlyNetCounts() throws {
        let after = HeapLayout(SnapshotGraph(try readFixture("n20-leak-after")))
        let before = HeapLayout(SnapshotGraph(try readFixture("n20-leak-before")), namedAs: after)
        let comparison = Comparison(before, after)
        let leaking = try #require(comparison.rows.first { $0.name == "LeakingClass" })
        #expect(leaking.addedCount == nil && leaking.removedCount == nil && leaking.countDelta == 300 && leaking.bytesDelta == 12_000)
        #expect(HeapDiff(comparison) == nil)
        let ways = PathChange.between(before, after)
        // The chain of 300 links has one way, not 300.
        let chain = try #require(ways.first { $0.path.last?.edge == "leakMethod" })
        #expect(chain.countDelta == 300 && chain.path.contains { $0.edge == "originLeakObject" })
        #expect(PathChange.between(after, after).isEmpty)
    }

    /// Cut among the nodes' edges, the strings: names are missing, and edges.
    @Test(arguments: [0.5, 0.9, 0.97])
    func aPartOfASnapshotIsCompared(_ share: Double) throws {
        let bytes = try fixture("n20-leak-after")
        let part = try SnapshotReader.read(source(of: Array(bytes.prefix(Int(Double(bytes.count) * share)))), partial: true)
        #expect(part.truncation != nil)
        let whole = try read(bytes)
        let census = Census(whole)
        let before = Census(part, namedAs: census)
        #expect(before.totals.nodeCount <= census.totals.nodeCount)
        #expect(Comparison(before, census).after == census.totals)
        let alignment = Alignment(part, whole)
        #expect(alignment.matchedCount <= part.nodeCount && (0...1).contains(alignment.confidence))
        #expect(Identity.guess(part, whole).sampled > 0)
        let layout = HeapLayout(SnapshotGraph(part))
        #expect(PathChange.between(layout, layout).isEmpty)
    }
}
