import MemoryWatch
import Testing
import Units

@Suite struct LatestSafeMomentTests {
    private func moment(use: Double, growth: Double, heap: Double, heapGrowth: Double, patientHeap: Double? = nil) -> LatestSafeMoment? {
        .compute(
            use: megabytes(use), growth: megabytes(growth), heap: megabytes(heap), heapGrowth: megabytes(heapGrowth), limit: megabytes(512),
            extraPerHeapByte: 7.5, patientHeap: patientHeap.map { megabytes($0) }, reaction: .seconds(1))
    }

    @Test func memoryBounds() throws {
        // 512 - 100 - 7.5 x 40 = 112 MB of room, shrinking by 1 + 7.5 MB/s.
        let found = try #require(moment(use: 100, growth: 1, heap: 40, heapGrowth: 1))
        #expect(abs(found.remaining.inSeconds - (112 / 8.5 - 1)) < 0.01)
        #expect(found.boundBy == .memory && !found.passed)
    }

    @Test func pauseBounds() throws {
        // Memory does not count: a limit far away.
        let found = LatestSafeMoment.compute(
            use: megabytes(100), growth: megabytes(1), heap: megabytes(150), heapGrowth: megabytes(1), limit: megabytes(100_000),
            extraPerHeapByte: 7.5, patientHeap: megabytes(170.7), reaction: .zero)
        #expect(try abs(#require(found).remaining.inSeconds - 20.7) < 0.01)
        #expect(found?.boundBy == .pause)
    }

    @Test func nowWithinTheReactionIsNotPassed() throws {
        let found = try #require(moment(use: 100, growth: 1, heap: 54.5, heapGrowth: 1))
        #expect(found.remaining == .zero && !found.passed)
    }

    @Test func passed() throws {
        let found = try #require(moment(use: 300, growth: 0, heap: 200, heapGrowth: 0))
        #expect(found.remaining == .zero && found.passed && found.boundBy == .memory)
        let tired = try #require(moment(use: 100, growth: 0, heap: 20, heapGrowth: 0, patientHeap: 19))
        #expect(tired.passed && tired.boundBy == .pause)
    }

    @Test func noneWhereNothingGrows() {
        #expect(moment(use: 100, growth: 0, heap: 20, heapGrowth: 0) == nil)
        #expect(moment(use: 100, growth: -5, heap: 20, heapGrowth: -5) == nil)
    }
}
