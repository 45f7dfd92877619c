import Foundation
import Linux
import SystemPackage
import Testing
import Units

@testable import Capture

/// On real cgroups (v1, below /sys/fs/cgroup/memory): an outer one and an inner one.
@Suite struct LoanBookTests {
    @Test func everyLimitInTheWayIsRaisedAlsoByASecondCapture() throws {
        try withCgroups(outer: 128, inner: 64) { outer, inner, book in
            _ = try lend(96, inner, outer, book, holder: run)
            #expect(try inner.limit() == .mebibytes(96))
            #expect(try outer.limit() == .mebibytes(128))
            _ = try lend(256, inner, outer, book, holder: run)
            #expect(try inner.limit() == .mebibytes(256))
            #expect(try outer.limit() == .mebibytes(256))
            #expect(book.open().count == 1)
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
            #expect(try outer.limit() == .mebibytes(128))
            #expect(book.open().isEmpty)
        }
    }

    @Test func aSecondHolderGivesBackToWhereTheFirstHadBegun() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run)
            _ = try lend(192, inner, outer, book, holder: dump)
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(192))  // no longer the first one's
            #expect(try book.settle(heldBy: dump, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
        }
    }

    /// systemd keeps one setting per unit: to forget the first loan there would take the second away, in mid-capture.
    @Test func theFirstHolderForgetsNothingThatTheSecondNeeds() throws {
        try withCgroups(outer: 512, inner: 64, lender: OneSettingLender(own: .mebibytes(64))) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run)
            _ = try lend(192, inner, outer, book, holder: dump)
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(192))
            #expect(try book.settle(heldBy: dump, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
            #expect(book.open().isEmpty)
        }
    }

    @Test func theFirstMayRaiseAgainOnTopOfTheSecond() throws {
        try withCgroups(outer: 512, inner: 64, lender: OneSettingLender(own: .mebibytes(64))) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run)
            _ = try lend(192, inner, outer, book, holder: dump)
            _ = try lend(256, inner, outer, book, holder: run)
            #expect(try inner.limit() == .mebibytes(256))
            #expect(try book.settle(heldBy: dump, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(256))
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
        }
    }

    /// Node writes, whether anybody follows it or not.
    @Test func nothingIsTakenFromAServiceThatWritesASnapshot() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run, target: ownIdentity())
            let path = NSTemporaryDirectory() + "Heap-\(UUID().uuidString).heapsnapshot"
            let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: .ownerReadWrite)
            defer { unlink(path) }
            #expect(try book.settle(heldBy: run, growth: .zero) != nil)
            book.settleOrphans()
            #expect(try inner.limit() == .mebibytes(128))
            try file.close()
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
        }
    }

    /// It was signalled, and its event loop is blocked.
    @Test func nothingIsTakenFromAServiceThatOwesASnapshot() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            let target = try ownIdentity()
            _ = try lend(128, inner, outer, book, holder: run, target: target)
            try book.owes(target, heldBy: run)
            #expect(try book.settle(heldBy: run, growth: .zero)?.owesSnapshot == true)
            #expect(book.wasLent(to: target))
            #expect(try inner.limit() == .mebibytes(128))
            try book.hasAnswered(target, heldBy: run)
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(64))
        }
    }

    /// A limit that another service in mid-capture lies below, which needed no loan of its own as the limit stood.
    @Test func nothingIsTakenFromANeighbourInMidCapture() throws {
        try withCgroups(outer: 128, inner: 64) { outer, inner, book in
            _ = try lend(256, inner, outer, book, holder: run)
            let neighbour = try Process.run(URL(filePath: "/bin/sleep"), arguments: ["60"])
            defer {
                kill(neighbour.processIdentifier, SIGKILL)
                neighbour.waitUntilExit()
            }
            try "\(neighbour.processIdentifier)".write(toFile: outer.path + "/cgroup.procs", atomically: false, encoding: .utf8)
            do {
                let lock = try CaptureLock.acquire(in: book.runtimeDirectory, target: ProcessID(neighbour.processIdentifier)).get()
                #expect(try book.settle(heldBy: run, growth: .zero) != nil)
                #expect(try outer.limit() == .mebibytes(256))
                #expect(try inner.limit() == .mebibytes(64))
                withExtendedLifetime(lock) {}
            }
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try outer.limit() == .mebibytes(128))
        }
    }

    /// The worker that was captured first lives, and malloc keeps what its capture took; the other one's end changes nothing of that.
    @Test func whatOneWorkerKeepsStaysLentAtTheEndOfAnother() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            let alive = try ownIdentity()
            _ = try lend(128, inner, outer, book, holder: run, target: alive)
            try book.account(.mebibytes(7), heldBy: run, of: inner.path)
            let loan = try #require(try lend(192, inner, outer, book, holder: run, target: target))
            #expect(loan.target == target && loan.targets.contains(alive) && loan.leftBehind == .mebibytes(7))
        }
    }

    @Test func whatSomebodyElseHasSetStays() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run)
            try inner.setLimit(.mebibytes(100))
            _ = try lend(192, inner, outer, book, holder: run)
            #expect(try inner.limit() == .mebibytes(100))
            #expect(try book.settle(heldBy: run, growth: .zero) == nil)
            #expect(try inner.limit() == .mebibytes(100))
            #expect(book.open().isEmpty)
        }
    }

    @Test func whatWasLeftBehindIsWrittenDownAtOnce() throws {
        try withCgroups(outer: 512, inner: 64) { outer, inner, book in
            _ = try lend(128, inner, outer, book, holder: run)
            try book.account(.mebibytes(7), heldBy: run, of: inner.path)
            #expect(book.open(heldBy: run)?.leftBehind == .mebibytes(7))
        }
    }

    /// None of them lives.
    private let run = ProcessIdentity(pid: ProcessID(4_194_000), startTime: 1, bootID: "b")
    private let dump = ProcessIdentity(pid: ProcessID(4_194_001), startTime: 1, bootID: "b")
    private let target = ProcessIdentity(pid: ProcessID(4_194_002), startTime: 1, bootID: "b")

    private func ownIdentity() throws -> ProcessIdentity { try #require(try ProcessTable().identity(ProcessID(getpid()))) }

    private func lend(
        _ size: Int, _ inner: CgroupV1Memory, _ outer: CgroupV1Memory, _ book: LoanBook, holder: ProcessIdentity, target: ProcessIdentity? = nil
    ) throws -> Loan? {
        try book.lend(
            .mebibytes(size), for: target ?? self.target, service: "s", hierarchy: try #require(MemoryHierarchy([inner, outer])), use: .zero,
            holder: holder)
    }

    private func withCgroups(
        outer: Int, inner: Int, lender: any LimitLender = CgroupLender(), _ body: (CgroupV1Memory, CgroupV1Memory, LoanBook) throws -> Void
    ) throws {
        let name = "heapsnapd-loans-\(UUID().uuidString)"
        let above = try CgroupV1Memory.create(name, below: CgroupV1Memory(path: "/sys/fs/cgroup/memory"))
        defer { _ = try? above.remove() }
        let below = try CgroupV1Memory.create("inner", below: above)
        defer { _ = try? below.remove() }
        try above.setLimit(.mebibytes(outer))
        try below.setLimit(.mebibytes(inner))
        let directory = NSTemporaryDirectory() + name
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(above, below, LoanBook(runtimeDirectory: directory, table: ProcessTable(), lenders: [lender]))
    }
}

/// As systemd's: whose loan is forgotten does not matter, the limit goes back to the unit's own.
private struct OneSettingLender: LimitLender {
    let name = "one setting"
    var own: ByteCount
    func obstacle(_ cgroup: any MemoryCgroup) -> String? { nil }
    func raise(_ cgroup: any MemoryCgroup, to limit: ByteCount) throws { try cgroup.setLimit(limit) }
    func lower(_ cgroup: any MemoryCgroup, to limit: ByteCount, final: Bool) throws { try cgroup.setLimit(limit) }
    func forget(_ cgroup: any MemoryCgroup) throws { if try cgroup.limit() ?? .zero > own { try cgroup.setLimit(own) } }
}
