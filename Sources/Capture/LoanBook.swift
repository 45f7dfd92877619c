public import Linux
import SnapshotStore
import Synchronization
public import Units

/// The open loans of this host, one file each below `<runtime directory>/loans`: written before a limit is touched, removed after it is back, so that
/// any later heapsnapd settles what a killed one left open (contracts 15 and 16).
///
/// What is written there is the truth: two captures of one service at a time (one asked for, one that Node began) share a loan.
public struct LoanBook: Sendable {
    let runtimeDirectory: String
    public let directory: String
    let table: ProcessTable
    let lenders: [any LimitLender]
    /// Of all books of this process: a configuration read anew makes another.
    static let turn = Turn()

    public init(runtimeDirectory: String, table: ProcessTable, lenders: [any LimitLender]) {
        self.runtimeDirectory = runtimeDirectory
        directory = runtimeDirectory + "/loans"
        self.table = table
        self.lenders = lenders
    }

    /// The lender that can raise every limit below `limit` for this process, or why there is none.
    public func lender(for hierarchy: MemoryHierarchy, limit: ByteCount) throws -> Result<any LimitLender, LendingObstacle> {
        // What `open` would not believe must not be lent by: nobody would give it back.
        do { for part in [runtimeDirectory, directory] { try SmallFile.makePrivateDirectory(part) } } catch {
            return .failure(LendingObstacle("the loan cannot be written down: \(error)"))
        }
        let limiting = try hierarchy.limiting(atMost: limit)
        var reasons: [String] = []
        for lender in lenders {
            let obstacles = limiting.compactMap { lender.obstacle($0) }
            if obstacles.isEmpty { return .success(lender) }
            reasons.append(contentsOf: obstacles)
        }
        return .failure(LendingObstacle(reasons.joined(separator: "; ")))
    }

    /// Raises every limit of the hierarchy that stands below `limit`, on top of what this holder has lent already.
    /// - Returns: the holder's open loan to this cgroup; nil where it has none: no limit was in the way, or none can be raised.
    /// - Throws: `KernelError`; what was raised by then is written down.
    public func lend(
        _ limit: ByteCount, for target: ProcessIdentity, service: String, hierarchy: MemoryHierarchy, use: ByteCount, holder: ProcessIdentity
    ) throws -> Loan? {
        try Self.turn.take {
            let now = SystemClock.now()
            let lender: any LimitLender
            var loan: Loan
            if let open = open(heldBy: holder, of: hierarchy.leaf.path) {
                guard let own = self.lender(open.lender) else { return open }
                (lender, loan) = (own, open)
                reconcile(&loan)
            } else {
                guard case .success(let able) = try self.lender(for: hierarchy, limit: limit) else { return nil }
                lender = able
                loan = Loan(
                    id: SnapshotID(at: now).text, bootID: target.bootID, holder: holder, target: target,
                    service: service, cgroup: hierarchy.leaf.path, takenAt: now, lender: lender.name, useBefore: use, limits: [])
            }
            loan.otherTargets?.removeAll { !isAlive($0) }
            if loan.target != target { loan.goOn(with: target, use: use, isRestart: !loan.targets.contains { isAlive($0) }) }
            try add(&loan, raising: hierarchy, to: wholePages(limit))
            guard !loan.limits.isEmpty else { return nil }
            try save(loan)
            // From the outermost inwards: an inner limit above an outer one would be without effect.
            for index in loan.limits.indices.reversed() {
                guard let next = loan.limits[index].next else { continue }
                try lender.raise(cgroup(loan.limits[index]), to: next)
                loan.limits[index].new = next
                loan.limits[index].next = nil
            }
            try save(loan)
            return loan
        }
    }

    /// Notes what is to be raised. A limit that another loan has raised already goes back to where it was before that (`heapsnapd dump` beside a `run`,
    /// two services in one slice): whoever has raised it last gives back for all, and the others find a value that is not theirs.
    private func add(_ loan: inout Loan, raising hierarchy: MemoryHierarchy, to raised: ByteCount) throws {
        let others = others(than: loan)
        var inherited: Set<String> = []
        for cgroup in try hierarchy.limiting(atMost: raised) {
            guard let stands = try cgroup.limit(), let inode = SmallFile.inode(cgroup.path) else { continue }
            var limit = Loan.Limit(path: cgroup.path, inode: inode, version: cgroup.version, old: stands, new: stands)
            let index = loan.limits.firstIndex { $0.path == cgroup.path && $0.inode == inode }
            var below = others.filter { $0.has(limit, at: stands) }
            if let index, loan.limits[index].new > loan.limits[index].old {
                limit.old = loan.limits[index].old
                if loan.limits[index].new == stands { below = [] } else if below.isEmpty { continue }  // somebody else's now
            }
            for other in below {
                limit.old = min(limit.old, other.limits.first { $0.path == limit.path }?.old ?? limit.old)
                if inherited.insert(other.id).inserted { loan.inherit(other) }
            }
            limit.next = raised
            if let index { loan.limits[index] = limit } else { loan.limits.append(limit) }
        }
    }

    /// All of this boot.
    func others(than loan: Loan) -> [Loan] { open().filter { $0.id != loan.id && $0.bootID == loan.bootID } }

    /// What this holder has lent for the process is needed until its snapshot has come: it was signalled, and has not answered.
    public func owes(_ target: ProcessIdentity, heldBy holder: ProcessIdentity) throws {
        let debt = Loan.Debt(process: target, until: Timestamp(milliseconds: SystemClock.now().milliseconds + Self.patience))
        try Self.turn.take {
            for var loan in open() where loan.target == target && loan.holder == holder {
                loan.debts = (loan.debts ?? []).filter { $0.process != target } + [debt]
                try save(loan)
            }
        }
    }

    /// Milliseconds: a capture is given up after half a minute, and an event loop that is blocked for half an hour is not waited for.
    private static let patience: Int64 = 1_800_000

    /// Its file is there.
    public func hasBegun(_ target: ProcessIdentity, heldBy holder: ProcessIdentity) throws {
        try changeDebts(of: target, heldBy: holder) { debts in debts.map { Loan.Debt(process: $0.process, until: $0.until, hasBegun: true) } }
    }

    /// It has come, whoever has asked for it, or never will.
    public func hasAnswered(_ target: ProcessIdentity, heldBy holder: ProcessIdentity) throws {
        try changeDebts(of: target, heldBy: holder) { _ in [] }
    }

    private func changeDebts(of target: ProcessIdentity, heldBy holder: ProcessIdentity, _ change: ([Loan.Debt]) -> [Loan.Debt]) throws {
        try Self.turn.take {
            for var loan in open() where loan.holder == holder || !isAlive(loan.holder) {
                guard let debts = loan.debts else { continue }
                let changed = debts.filter { $0.process != target } + change(debts.filter { $0.process == target })
                if changed == debts { continue }
                loan.debts = changed
                try save(loan)
            }
        }
    }

    /// Notes what a capture has left behind in the service: at once, since its holder may not live to the first step of giving back.
    public func account(_ grown: ByteCount, heldBy holder: ProcessIdentity, of cgroup: String) throws {
        try Self.turn.take {
            guard grown > .zero, var loan = open(heldBy: holder, of: cgroup) else { return }
            loan.leftBehind += grown
            try save(loan)
        }
    }

    /// What this holder has lent, as it stands now.
    /// - Parameter cgroup: directory of the service's own cgroup; nil: any.
    public func open(heldBy holder: ProcessIdentity, of cgroup: String? = nil) -> Loan? {
        open().last { $0.holder == holder && (cgroup == nil || $0.cgroup == cgroup) }
    }

    /// Whether nothing is lent on this host: one listing of a directory, 5 µs.
    public var isEmpty: Bool { (try? SmallFile.names(in: directory))?.isEmpty ?? true }

    /// Loans that stand open, oldest first. Files that cannot be read, are left alone, and so is a book that others can write.
    public func open() -> [Loan] {
        guard SmallFile.isPrivateDirectory(directory), SmallFile.isPrivateDirectory(runtimeDirectory) else { return [] }
        return ((try? SmallFile.names(in: directory)) ?? []).filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            (try? SmallFile.read(directory + "/" + name)).flatMap { try? RecordCodec.decode(Loan.self, from: $0) }
        }
        .filter { SnapshotID($0.id) != nil }  // it becomes a file's name again
    }

    func lender(_ name: String) -> (any LimitLender)? { lenders.first { $0.name == name } }

    /// The kernel rounds limits to pages, and what reads otherwise than we wrote it is taken for somebody else's.
    func wholePages(_ size: ByteCount) -> ByteCount { ByteCount((size.bytes + 4_095) & ~4_095) }

    func isAlive(_ process: ProcessIdentity) -> Bool { (try? table.identity(process.pid)) == process }

    func cgroup(_ limit: Loan.Limit) -> any MemoryCgroup {
        switch limit.version {
        case .v1: CgroupV1Memory(path: limit.path)
        case .v2: CgroupV2Memory(path: limit.path)
        }
    }

    func path(_ id: String) -> String { "\(directory)/\(id).json" }

    func save(_ loan: Loan) throws { try SmallFile.write(path(loan.id), RecordCodec.encode(loan)) }
}

/// One change of the book at a time in this process. Others are kept apart by the rule that a holder writes only its own loans, and the loans of the dead.
final class Turn: Sendable {
    private let mutex = Mutex(())
    func take<Result: Sendable>(_ body: () throws -> Result) rethrows -> Result { try mutex.withLock { _ in try body() } }
}

/// Why no limit can be raised.
public struct LendingObstacle: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
