import Glibc
import SystemPackage
import Testing
import Units

@testable import SnapshotStore

@Suite struct RecoveryTests {
    private let scratch = Scratch()
    private func openStore() throws -> SnapshotStore { try SnapshotStore.open(at: "\(scratch.path)/store") }

    /// SIGKILL before each step, with and without O_TMPFILE: afterwards either nothing, or the whole snapshot with a record, and no litter.
    @Test(arguments: SnapshotStore.Step.allCases, [true, false])
    func aKillLosesNothingThatWasComplete(step: SnapshotStore.Step, unnamed: Bool) async throws {
        let path = "\(scratch.path)/store"
        let source = try scratch.write("source", snapshot(padding: 100_000))
        await #expect(processExitsWith: .signal(SIGKILL)) {
            [path = path as String, source = source as String, step = step as SnapshotStore.Step, unnamed = unnamed as Bool] in
            var store = try SnapshotStore.open(at: path)
            store.allowsUnnamedFiles = unnamed
            store.step = { if $0 == step { kill(getpid(), SIGKILL) } }
            var verifier = Checker()
            let ingested = try store.ingest(fileAt: source, id: id(1), verifier: &verifier)
            var taken = record(id(1))
            taken.apply(ingested)
            try store.publish(taken)
        }
        let store = try openStore()
        let recovery = try store.recover { Checker() }
        let linked = SnapshotStore.Step.allCases.firstIndex(of: step)! > SnapshotStore.Step.allCases.firstIndex(of: .link)!
        #expect(try store.names() == (linked ? ["\(id(1)).heapsnapshot.zst", "\(id(1)).json"] : []))
        #expect(recovery.adopted.count == (linked && step != .syncRecordDirectory ? 1 : 0))
        if linked {
            let found = try store.record(id(1))
            #expect(found.state == .complete && found.nodeCount == 2)
            #expect(try store.read(found) { _ in } == found.bytes)
        }
        #expect(try store.recover { Checker() } == Recovery(), "a second start finds nothing to do")
    }

    @Test func whatCannotBeParsedIsSetAsideAndTheSnapshotAdopted() throws {
        let store = try openStore()
        try store.take(snapshot(), as: id(1), in: scratch)
        _ = try scratch.write("store/\(id(1)).json", Array("{\"id\":".utf8))
        _ = try scratch.write("store/\(id(2)).json", Array("{\"version\":9}".utf8))
        let list = try store.records()
        #expect(list.records.isEmpty && list.unreadable.map(\.cause) == [.malformed, .newer])
        #expect(throws: StoreError.self) { try store.delete(id(2)) }
        let recovery = try store.recover { Checker() }
        #expect(recovery.quarantined == ["\(id(1)).json"] && recovery.adopted.map(\.state) == [.complete])
        #expect(try store.part(.quarantine).names().count == 1)
        #expect(try store.record(id(1)).createdAt == Timestamp(milliseconds: 1_800_000_001_000))
        #expect(access("\(store.path)/\(id(2)).json", F_OK) == 0)
    }

    @Test func adoptedSnapshotsAreVerified() throws {
        let store = try openStore()
        let whole = snapshot()
        _ = try scratch.write("store/\(id(1)).heapsnapshot", Array(whole.dropLast(3)))
        _ = try scratch.write("store/\(id(2)).heapsnapshot.zst", Array("not zstd".utf8))
        _ = try scratch.write("store/notes.txt", [1])
        #expect(try store.recover { Checker() }.adopted.map(\.state) == [.truncated, .truncated])
        #expect(access("\(store.path)/notes.txt", F_OK) == 0)
    }

    @Test(arguments: [true, false]) func anAdoptedRecordNeverReplacesAnother(unnamed: Bool) throws {
        var store = try openStore()
        store.allowsUnnamedFiles = unnamed
        try store.publish(record(id(1)))
        #expect(throws: StoreError.alreadyExists(path: "\(store.path)/\(id(1)).json")) {
            try store.publish(record(id(1), service: "x"), replacing: false)
        }
        #expect(try store.record(id(1)).service == "api")
        #expect(try store.names() == ["\(id(1)).json"])
    }

    @Test func filesInTheWritingAreNotLitter() throws {
        let store = try openStore()
        let staged = try StagedFile(in: store.directory, allowUnnamed: false)
        #expect(try store.recover { Checker() }.removed == [])
        withExtendedLifetime(staged) {}
    }

    @Test func orphansAreFilesThatNobodyHolds() throws {
        let store = try openStore()
        do {
            let held = try store.makeIncoming("run-1")
            _ = try scratch.write("store/incoming/run-1/a.heapsnapshot", snapshot())
            #expect(try store.orphans() == [])
            #expect(throws: StoreError.self) { try store.makeIncoming("run-1") }
            #expect(!held.removeIfEmpty())
        }
        symlink("/etc/passwd", "\(store.path)/incoming/run-1/b.heapsnapshot")
        let writer = try FileDescriptor.open(FilePath("\(store.path)/incoming/run-1/a.heapsnapshot"), .writeOnly)
        // The child of an exit test that was forked meanwhile holds the lock of the directory until its exec.
        let deadline = ContinuousClock.now + .seconds(5)
        while try store.orphans().isEmpty, ContinuousClock.now < deadline { usleep(10_000) }
        #expect(try store.orphans().map(\.hasWriter) == [true])
        try writer.close()
        while try store.orphans().map(\.hasWriter) == [true], ContinuousClock.now < deadline { usleep(10_000) }
        let orphans = try store.orphans()
        #expect(orphans.map(\.name) == ["a.heapsnapshot"] && orphans.map(\.hasWriter) == [false] && orphans.map(\.directory) == ["run-1"])
        #expect(throws: StoreError.badName("../x")) { try store.makeIncoming("../x") }
    }
}
