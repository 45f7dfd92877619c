import Testing

@testable import HeapSnapshot

@Suite struct ComparisonAlignmentTests {
    /// Two snapshots in place: the ids are the truth, and the alignment does not look at them.
    @Test func survivorsAreRecognised() throws {
        let (before, after) = (try readFixture("n20-leak-before"), try readFixture("n20-leak-after"))
        let alignment = Alignment(before, after)
        var truth: [UInt32: Int] = [:]
        for node in 0..<before.nodeCount { truth[before.id(of: node)] = node }
        var (survivors, right, wrong) = (0, 0, 0)
        for node in 0..<after.nodeCount {
            let same = truth[after.id(of: node)]
            if same != nil { survivors += 1 }
            guard let found = alignment.earlier(of: node) else { continue }
            #expect(alignment.later(of: found) == node)
            if found == same { right += 1 } else { wrong += 1 }
        }
        #expect(Double(right) >= 0.95 * Double(survivors), "\(right) of \(survivors)")
        #expect(Double(wrong) <= 0.01 * Double(right + wrong), "\(wrong) wrong of \(right + wrong)")
        #expect(alignment.matchedCount == right + wrong)
        #expect((0.9...1).contains(alignment.confidence))
    }

    @Test(arguments: ["n20-leak-after", "n24-internals"])
    func aSnapshotIsItself(_ name: String) throws {
        let snapshot = try readFixture(name)
        let alignment = Alignment(snapshot, snapshot)
        let wrong = (0..<snapshot.nodeCount).filter { node in alignment.earlier(of: node).map { $0 != node } ?? false }
        #expect(wrong.count * 1_000 <= snapshot.nodeCount, "\(wrong.count) of \(snapshot.nodeCount)")
        #expect(alignment.matchedCount * 1_000 >= snapshot.nodeCount * 990)
    }

    /// Of 3,000 nodes each, with 2,000 different hashes, of which many are there several times; every seventh node is taken already.
    @Test func whatBothHaveOnceIsFound() {
        var random = SplitMix(state: 3)
        func some() -> (hashes: Column<UInt64>, taken: Column<UInt32>, nodes: [UInt64: [Int]]) {
            let (hashes, taken) = (Column<UInt64>(3_000), Column<UInt32>(3_000))
            var nodes: [UInt64: [Int]] = [:]
            for node in 0..<3_000 {
                hashes[node] = mix(UInt64.random(in: 0..<2_000, using: &random), 1)
                taken[node] = node % 7 == 0 ? 1 : 0
                if node % 7 != 0 { nodes[hashes[node], default: []].append(node) }
            }
            return (hashes, taken, nodes)
        }
        let (one, other) = (some(), some())
        var found: [Int: Int] = [:]
        UniqueHashes.forEachPair((one.hashes, other.hashes), taken: (one.taken, other.taken), counts: (3_000, 3_000)) { found[$0] = $1 }
        var expected: [Int: Int] = [:]
        for (hash, nodes) in one.nodes where nodes.count == 1 {
            if let its = other.nodes[hash], its.count == 1 { expected[nodes[0]] = its[0] }
        }
        #expect(found == expected && expected.count > 100)
    }

    @Test func idsNumberedAnewAreComparedThroughTheAlignment() throws {
        let (before, after) = (try readFixture("n20-leak-before"), try numberedAnew("n20-leak-after"))
        let identities = Alignment(before, after).identities(before, after)
        #expect(Set((0..<after.nodeCount).map { identities[$0] }).count == after.nodeCount)
        let census = Census(after, identities: identities)
        let rows = Comparison(Census(before, namedAs: census), census, identity: .aligned).rows
        let leaking = try #require(rows.first { $0.name == "LeakingClass" })
        #expect(leaking.addedCount == 300 && leaking.removedCount == 0)
    }

    @Test func whatBareFilesSay() throws {
        let before = try readFixture("n20-leak-before")
        let inPlace = Identity.guess(before, try readFixture("n20-leak-after"))
        #expect(inPlace.identity == .ids && inPlace.isBeforeNumberedAnew && !inPlace.isAfterNumberedAnew && inPlace.found > 10_000)
        let copies = Identity.guess(before, try numberedAnew("n20-leak-after"))
        #expect(copies.identity == .none && copies.isAfterNumberedAnew && copies.agreed < copies.found)
        #expect(Identity.guess(before, try readFixture("n26-empty")).identity == .none)
        #expect(Identity.guess(before, before).identity == .ids)
    }

    @Test(arguments: ["n20-leak-after", "n24-internals", "n24-tracked", "n14-empty"])
    func onlyTheIDsAreRewritten(_ name: String) throws {
        let bytes = try fixture(name)
        let snapshot = try read(bytes)
        let id = Column<UInt32>(snapshot.nodeCount)
        for node in 0..<snapshot.nodeCount { id[node] = snapshot.id(of: node) &* 3 }
        let changed = try rewritten(bytes, Identities(id: id), snapshot.nodeCount)
        guard case .complete = verdict(on: changed) else {
            Issue.record("\(verdict(on: changed))")
            return
        }
        let again = try read(changed)
        #expect((0..<snapshot.nodeCount).allSatisfy { again.id(of: $0) == snapshot.id(of: $0) &* 3 })
        // And back: every other byte is what it was.
        for node in 0..<snapshot.nodeCount { id[node] = snapshot.id(of: node) }
        #expect(try rewritten(changed, Identities(id: id), snapshot.nodeCount) == bytes)
    }

    @Test func aForeignOrCutSnapshotIsRefused() throws {
        let bytes = try fixture("n26-empty")
        let snapshot = try read(bytes)
        let identities = Identities(id: snapshot.columns.id)
        #expect(throws: SnapshotError.self) { try rewritten(bytes, identities, snapshot.nodeCount - 1) }
        #expect(throws: SnapshotError.self) { try rewritten(Array(bytes.prefix(100_000)), identities, snapshot.nodeCount) }
        #expect(throws: SnapshotError.self) { try rewritten(Array("[1,2]".utf8), identities, snapshot.nodeCount) }
    }

    private func rewritten(_ bytes: [UInt8], _ identities: Identities, _ count: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        try IDRewriting.copy(source(of: bytes), identities, nodeCount: count) { result += $0 }
        return result
    }

    /// As a copy-on-write capture writes it: 1, 3, 5 in the order of the nodes.
    private func numberedAnew(_ name: String) throws -> Snapshot {
        let bytes = try fixture(name)
        let snapshot = try read(bytes)
        let id = Column<UInt32>(snapshot.nodeCount)
        for node in 0..<snapshot.nodeCount { id[node] = UInt32(2 * node + 1) }
        return try read(try rewritten(bytes, Identities(id: id), snapshot.nodeCount))
    }
}
