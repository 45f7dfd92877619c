import Glibc
import SystemPackage
import Testing
import Units

@testable import SnapshotStore

@Suite struct StoreTests {
    private let scratch = Scratch()
    private func openStore() throws -> SnapshotStore { try SnapshotStore.open(at: "\(scratch.path)/a/store") }

    @Test func theStoreIsOursAlone() throws {
        let store = try openStore()
        #expect(try store.directory.descriptor.status().st_mode & 0o777 == 0o700)
        chmod(store.path, 0o770)
        #expect(throws: StoreError.self) { try openStore() }
        chmod(store.path, 0o700)
        chown(store.path, 1, 1)
        #expect { try openStore() } throws: { "\($0)".contains("belongs to user 1") }
        #expect(throws: StoreError.noStore(path: "/nonexistent")) { try SnapshotStore.open(at: "/nonexistent", for: .reading) }
    }

    @Test func aReadOnlyFileSystemIsRefusedAtOpen() throws {
        let target = try scratch.tmpfs("ro", options: "size=1m")
        let store = try SnapshotStore.open(at: target)
        try scratch.remountReadOnly(target)
        #expect { try SnapshotStore.open(at: target) } throws: { "\($0)".contains("name a writable directory") }
        #expect(try SnapshotStore.open(at: target, for: .reading).records().records.isEmpty)
        #expect(throws: StoreError.self) { try store.publish(record(id(1))) }
    }

    @Test(arguments: Compression.allCases, ["n14-empty", "n24-tracked"])
    func aRealSnapshotGoesInAndComesOut(compression: Compression, name: String) throws {
        let store = try openStore()
        // The fixture is a zst file: the store's own decompressor makes the source of it.
        let raw = "\(scratch.path)/raw"
        run("cp", fixturePath(name), "\(store.path)/\(id(0)).heapsnapshot.zst")
        _ = try store.recover { Checker() }
        #expect(try store.export(store.record(id(0)), toFileAt: raw) > .mebibytes(2))
        var verifier = Checker()
        let ingested = try store.ingest(fileAt: raw, id: id(1), compression: compression, verifier: &verifier)
        guard case .complete = ingested.verdict else { throw StoreError.noSnapshot(id(1)) }
        var record = record(id(1))
        record.apply(ingested)
        try store.publish(record)
        #expect(record.state == .complete && record.nodeCount ?? 0 > 30_000)
        let back = "\(scratch.path)/back"
        #expect(try store.export(store.resolve("latest"), toFileAt: back) == ingested.bytes)
        #expect(run("cmp", raw, back) == 0)
        #expect(run("sh", "-c", "test $(sha256sum < \(store.path)/\(ingested.file) | cut -c1-64) = \(ingested.sha256)") == 0)
        #expect(run("sh", "-c", "test $(stat -c %a \(back)) = 600 && test $(stat -c %a \(store.path)/\(ingested.file)) = 600") == 0)
        if compression == .zstd { #expect(run("zstd", "-tq", "\(store.path)/\(ingested.file)") == 0) }
        #expect(throws: StoreError.alreadyExists(path: back)) { try store.export(record, toFileAt: back) }
        try store.export(record, toFileAt: back, replacing: true)
    }

    @Test func framesHold16MiBAndACutFileKeepsThem() throws {
        let store = try openStore()
        let taken = try store.take(snapshot(padding: 33 << 20), as: id(1), in: scratch)
        let file = try #require(store.snapshotPath(taken))
        #expect(run("sh", "-c", "zstd -lv \(file) | grep -q 'Number of frames: 3\\|# Zstandard Frames: 3'") == 0)
        truncate(file, off_t(try #require(taken.storedBytes).bytes - 1_000))
        var seen = 0
        #expect(throws: StoreError.self) { try store.read(taken) { seen += $0.count } }
        #expect(seen >= 32 << 20)
        #expect(throws: StoreError.self) { try store.export(taken, toFileAt: "\(scratch.path)/out") }
        #expect(access("\(scratch.path)/out", F_OK) != 0)
    }

    @Test func aChangedByteIsFound() throws {
        let store = try openStore()
        let plain = try store.take(snapshot(padding: 5_000), as: id(1), compression: .none, in: scratch)
        // NUL: the padding is random, and any letter may stand there already.
        run("sh", "-c", "printf '\\000' | dd of=\(store.path)/\(plain.file!) bs=1 seek=3000 conv=notrunc status=none")
        #expect { try store.read(plain) { _ in } } throws: { "\($0)".contains("SHA-256") }
    }

    @Test func damagedStreamsAreKeptAndSaidToBe() throws {
        let store = try openStore()
        let whole = snapshot(padding: 1_000)
        let cut = try store.take(Array(whole.dropLast(2)), as: id(1), in: scratch)
        #expect(cut.state == .truncated && cut.truncatedAt == ByteCount(whole.count - 2))
        #expect(try store.take(Array("GIF89a".utf8), as: id(2), in: scratch).state == .invalid)
        let empty = try store.take([], as: id(3), in: scratch)
        #expect(empty.state == .truncated && empty.truncatedAt == 0)
        #expect(try store.read(empty) { _ in } == 0)
    }

    @Test func aPipeIsASource() throws {
        let store = try openStore()
        let (reading, writing) = try FileDescriptor.pipe()
        let bytes = snapshot(padding: 10_000)
        // Fits into the pipe's 64 KiB, so that one thread will do.
        _ = try writing.closeAfter { try writing.writeAll(bytes) }
        var verifier = Checker()
        let ingested = try reading.closeAfter { try store.ingest(from: reading, id: id(1), verifier: &verifier) }
        #expect(ingested.bytes == ByteCount(bytes.count))
        #expect(throws: StoreError.alreadyExists(path: "\(store.path)/\(ingested.file)")) {
            try store.ingest(fileAt: scratch.write("x", bytes), id: id(1), verifier: &verifier)
        }
    }

    /// Somebody else has its other end open, and writes nothing: what it holds when we are told so is all that comes.
    @Test func aPipeThatIsHeldOpen() throws {
        let store = try openStore()
        let (reading, writing) = try FileDescriptor.pipe()
        let (end, ended) = try FileDescriptor.pipe()
        defer { for descriptor in [writing, end, ended] { try? descriptor.close() } }
        let bytes = snapshot(padding: 10_000)
        try writing.writeAll(bytes)
        try ended.writeAll([1])
        var verifier = Checker()
        let ingested = try reading.closeAfter { try store.ingest(from: reading, endingWith: end, id: id(1), verifier: &verifier) }
        #expect(ingested.bytes == ByteCount(bytes.count))
        guard case .complete = ingested.verdict else {
            Issue.record("\(ingested.verdict)")
            return
        }
    }

    @Test func linksAndFIFOsAreNoSources() throws {
        let store = try openStore()
        var verifier = Checker()
        symlink("/etc/passwd", "\(scratch.path)/link")
        mkfifo("\(scratch.path)/fifo", 0o600)
        #expect(throws: StoreError.call(verb: "open", subject: "\(scratch.path)/link", errno: .tooManySymbolicLinkLevels)) {
            try store.ingest(fileAt: "\(scratch.path)/link", id: id(1), verifier: &verifier)
        }
        #expect(throws: StoreError.notRegularFile(path: "\(scratch.path)/fifo")) {
            try store.ingest(fileAt: "\(scratch.path)/fifo", id: id(1), verifier: &verifier)
        }
        // Within the store too: nobody but us can have made these, and still they are not followed.
        symlink("/etc/passwd", "\(store.path)/\(id(5)).heapsnapshot")
        symlink("/etc/passwd", "\(store.path)/\(id(6)).json")
        #expect(try store.recover { Checker() }.adopted.isEmpty)
        #expect(try store.records().unreadable.map(\.cause) == [.unavailable])
        var hostile = record(id(7))
        hostile.file = "../../etc/passwd"
        #expect(throws: StoreError.badName("../../etc/passwd")) { try store.publish(hostile) }
        _ = try scratch.write("a/store/\(id(7)).json", RecordCodec.encode(hostile))
        #expect(throws: StoreError.self) { try store.record(id(7)) }
    }

    @Test func aFullDiskIsSaidAndLeavesNothing() throws {
        let store = try SnapshotStore.open(at: scratch.tmpfs("full", options: "size=8m"))
        var verifier = Checker()
        let source = try scratch.write("big", snapshot(padding: 12 << 20))
        let before = try store.diskSpace()
        #expect(before.isMemory && before.total == .mebibytes(8))
        for compression in Compression.allCases {
            #expect { try store.ingest(fileAt: source, id: id(1), compression: compression, verifier: &verifier) } throws: {
                if case .noSpace(_, let written) = $0 as? StoreError { written > .mebibytes(5) } else { false }
            }
            var named = store
            named.allowsUnnamedFiles = false
            #expect(throws: StoreError.self) { try named.ingest(fileAt: source, id: id(1), compression: compression, verifier: &verifier) }
        }
        #expect(try store.names() == [] && store.diskSpace().free == before.free)
        try store.take(snapshot(), as: id(2), in: scratch)
    }

    @Test func progressMayStopIt() throws {
        let store = try openStore()
        var verifier = Checker()
        struct Stop: Error {}
        #expect(throws: Stop.self) { try store.ingest(fileAt: scratch.write("x", snapshot()), id: id(1), verifier: &verifier) { _ in throw Stop() } }
        #expect(try store.names() == [])
    }

    @Test func deletedIsGone() throws {
        let store = try openStore()
        try store.take(snapshot(), as: id(1), in: scratch)
        try store.delete(id(1))
        #expect(try store.names() == [])
        #expect(throws: StoreError.noRecord(id(1))) { try store.delete(id(1)) }
    }

    @Test func labelsAreWritten() throws {
        let store = try openStore()
        let taken = try store.take(snapshot(), as: id(1), in: scratch)
        #expect(
            run("sh", "-c", "python3 -c \"import os;assert os.getxattr('\(store.snapshotPath(taken)!)','user.heapsnapd.state')==b'complete'\"") == 0)
    }

    @Test func costsAndStatesAreRemembered() throws {
        let store = try openStore()
        #expect(try store.learnedCost(of: "a/../b c") == nil)
        try store.learn(LearnedCost(extraPerHeapByte: 5, pausePerHeapByte: 1, bytesPerHeapByte: 1, heap: .mebibytes(10)), of: "a/../b c")
        #expect(
            try store.learn(LearnedCost(extraPerHeapByte: 6, pausePerHeapByte: 1, bytesPerHeapByte: 1, heap: .mebibytes(10)), of: "a/../b c").samples
                == 2)
        #expect(try store.learnedCost(of: "a/../b c")?.extraPerHeapByte == 6)
        #expect(throws: StoreError.self) { try store.learnedCost(of: "") }
        let state = RunState(
            service: "api", supervisor: ProcessIdentity(pid: ProcessID(5), startTime: 6, bootID: "b"), startedAt: Timestamp(milliseconds: 1))
        try store.write(state)
        #expect(try store.runStates() == [state])
        try store.remove(state)
        #expect(try store.runStates() == [])
    }
}
