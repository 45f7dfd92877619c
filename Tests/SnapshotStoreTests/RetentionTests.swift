import SnapshotStore
import Testing
import Units

@Suite struct RetentionTests {
    private let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let five = (1...5).map { record(id(Int64($0)), stored: 100, age: (6 - Int64($0)) * 3_600) }

    private func ids(_ retention: Retention, _ records: [SnapshotRecord], free: ByteCount? = nil, written: SnapshotID? = nil) -> [SnapshotID] {
        retention.victims(records, free: free, now: now, written: written).map(\.id)
    }

    @Test func nothingIsDeletedUnasked() { #expect(ids(Retention(), five).isEmpty) }

    @Test func eachBoundDeletesTheOldestOnly() {
        #expect(ids(Retention(maxUse: 300), five.reversed()) == [id(1), id(2)])
        #expect(ids(Retention(maxUse: 299), five) == [id(1), id(2), id(3)])
        #expect(ids(Retention(keepFree: 1_000), five, free: 850) == [id(1), id(2)])
        #expect(ids(Retention(keepFree: 1_000), five, free: nil).isEmpty)
        #expect(ids(Retention(maxAge: .seconds(3.5 * 3_600)), five) == [id(1), id(2)])
        #expect(ids(Retention(maxCountPerService: 2), five + [record(id(0), service: "other", stored: 100)]) == [id(1), id(2), id(3)])
    }

    @Test func boundsCountWhatOthersFreed() {
        #expect(ids(Retention(maxUse: 300, maxCountPerService: 3), five) == [id(1), id(2)])
        #expect(ids(Retention(maxUse: 300, keepFree: 1_000), five, free: 700) == [id(1), id(2), id(3)])
    }

    @Test func aNameThatAnybodyCanTakeDoesNotPushOutAUnitsSnapshots() {
        let ofUnit = five.map { record in
            var record = record
            record.host = .init(unit: "web.service")
            return record
        }
        let claimed = (6...9).map { record(id($0), service: ofUnit[0].service, stored: 100) }
        #expect(ids(Retention(maxCountPerService: 3), ofUnit + claimed) == [id(1), id(2), id(6)])
    }

    @Test func theNewestAndTheOneJustWrittenStay() {
        #expect(
            ids(Retention(maxUse: 0, keepFree: 1_000_000, maxAge: .zero, maxCountPerService: 0), five, free: 0, written: id(2)) == [
                id(1), id(3), id(4),
            ])
        #expect(ids(Retention(maxUse: 0), [record(id(9), state: .writing, stored: 5)] + five).contains(id(9)) == false)
    }

    @Test func recordsWithoutSnapshotAreBounded() {
        let bare = (0..<1_003).map { record(id(Int64($0)), state: .refused) }
        #expect(ids(Retention(), bare) == [id(0), id(1), id(2)])
    }

    @Test func namesAreResolved() throws {
        var list = RecordList()
        list.records = five + [record(id(9), state: .refused)]
        #expect(try list.resolve("latest").id == id(5))
        #expect(try list.resolve("latest~2").id == id(3))
        #expect(try list.resolve(id(9).text).id == id(9))
        #expect(throws: ResolveError.none("latest~5")) { try list.resolve("latest~5") }
        #expect(throws: ResolveError.none("")) { try list.resolve("") }
        #expect(throws: ResolveError.none("latest~-1")) { try list.resolve("latest~-1") }
        #expect(throws: ResolveError.ambiguous("2027", candidates: list.records.map(\.id))) { try list.resolve("2027") }
    }
}
