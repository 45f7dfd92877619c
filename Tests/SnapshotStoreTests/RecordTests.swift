import Testing
import Units

@testable import SnapshotStore

@Suite struct RecordTests {
    static func full() -> SnapshotRecord {
        var record = record(id(1), stored: 1_000)
        let identity = ProcessIdentity(pid: ProcessID(42), startTime: 7, bootID: "b")
        record.instance = .init(identity)
        record.pid = ProcessID(42)
        record.rule = "high"
        record.compression = .zstd
        record.truncatedAt = 17
        record.node = .init(version: "v24.1.0", executable: "/usr/bin/node", arguments: ["node", "a\"b.js"], heapLimit: .mebibytes(512))
        record.host = .init(hostname: "h", cgroup: "/a", unit: nil, container: nil, limit: .mebibytes(512), limitSource: "/a")
        record.samples = .init(before: [.init(at: Timestamp(milliseconds: 5), use: 1, limit: 2, rss: 3)])
        record.prediction = .init(heap: 1, extra: 2, pause: Seconds(.milliseconds(1_500)))
        record.actual = .init(peak: 1, pause: Seconds(.milliseconds(10)), duration: Seconds(.seconds(2)), bytes: 5)
        record.loan = .init(lender: "/a", from: 1, to: 2)
        record.refusal = .init(code: "pause", message: "too long")
        record.rungs = [.init(rung: "signal"), .init(rung: "agent", skipped: .init(code: "noAgent", message: "none"))]
        record.exit = .init(
            cause: .v8HeapLimit, status: 134, lastWords: .init(fatalError: "FATAL ERROR", lastGCs: ["a"]), memoryStat: ["rss": 5])
        record.candidates = [.init(pid: ProcessID(42), rss: 9, chosen: true)]
        return record
    }

    @Test func aRecordComesBackAsItWent() throws {
        let record = Self.full()
        let text = try RecordCodec.encode(record)
        #expect(try RecordCodec.decode(SnapshotRecord.self, from: text) == record)
        let words = String(decoding: text, as: UTF8.self)
        for expected in [
            "\"bootId\" : \"b\"", "\"storedBytes\" : 1000", "\"pause\" : 1.5", "\"createdAt\" : \"2027-01-15T08:00:00.000Z\"", "\"count\" : 1",
        ] {
            #expect(words.contains(expected), "\(expected) in \(words)")
        }
        #expect(!words.contains("nodeCount"), "unknown is left out, never 0")
    }

    @Test func fieldsOfTheFutureAreIgnored() throws {
        var words = String(decoding: try RecordCodec.encode(Self.full(), pretty: false), as: UTF8.self)
        words = "{\"later\":{\"a\":[1]}," + words.dropFirst()
        #expect(try RecordCodec.decode(SnapshotRecord.self, from: Array(words.utf8)) == Self.full())
    }

    @Test(arguments: ["", "{", "[]", "{}", "{\"version\":1}", "{\"version\":\"x\"}", String(repeating: "[", count: 100_000), "\0\0\0"])
    func whatIsNoRecordIsSaidToBeNone(text: String) {
        #expect(throws: RecordCodec.UnreadableText.self) { try RecordCodec.decode(SnapshotRecord.self, from: Array(text.utf8)) }
    }

    @Test func aLaterVersionIsToldApart() {
        #expect(throws: RecordCodec.UnreadableText.newer(version: 2)) {
            try RecordCodec.decode(SnapshotRecord.self, from: Array("{\"version\":2,\"id\":5}".utf8))
        }
    }

    @Test func repeatsAreFolded() throws {
        var first = record(id(1), state: .refused)
        first.refusal = .init(code: "pause", message: "10 s")
        var second = record(id(2), state: .refused)
        second.refusal = .init(code: "pause", message: "11 s")
        let folded = try #require(RepeatedRecord.fold(second, into: first))
        #expect(folded.id == first.id && folded.count == 2)
        #expect(try #require(RepeatedRecord.fold(second, into: folded)).count == 3)
        second.refusal?.code = "headroom"
        #expect(RepeatedRecord.fold(second, into: first) == nil)
        #expect(RepeatedRecord.fold(record(id(3), stored: 5), into: record(id(2), stored: 5)) == nil, "snapshots are never folded")
        #expect(RepeatedRecord.fold(first, into: nil) == nil)
    }

    @Test func aCostOnceSeenIsNotForgottenQuickly() {
        let low = LearnedCost(extraPerHeapByte: 2, pausePerHeapByte: 1, bytesPerHeapByte: 1, heap: .mebibytes(10))
        let high = LearnedCost(extraPerHeapByte: 8, pausePerHeapByte: 1, bytesPerHeapByte: 1, heap: .mebibytes(10))
        #expect(low.updated(with: high).extraPerHeapByte == 8)
        #expect(high.updated(with: low).extraPerHeapByte == 8, "a second capture of a process uses the memory of the first")
        #expect(LearnedCost(extraPerHeapByte: 8, pausePerHeapByte: 2, bytesPerHeapByte: 1, heap: .zero).updated(with: low).pausePerHeapByte == 1.9)
        #expect(high.updated(with: low).samples == 2)
        #expect(LearnedCost(heap: 0, extra: 1, pause: .zero, bytes: 1) == nil)
        #expect(LearnedCost(heap: 1, extra: 0, pause: .zero, bytes: 1) == nil)
    }

    /// Measured: 59.3 MiB resident, nearly all of it garbage, gave a file of 4.66 MiB; the next heap of 71 MiB was alive and took 10 times that.
    @Test func garbageTeachesNothingAboutLiveObjects() throws {
        let learned = try #require(LearnedCost(heap: .mebibytes(59), extra: .mebibytes(5), pause: .milliseconds(92), bytes: .mebibytes(5)))
        #expect(learned.heap == .mebibytes(5) && learned.extraPerHeapByte == 1)
    }
}
