public import Linux
import SnapshotStore
import SystemPackage
public import Units

/// The open loans of this host, one file each below `<runtime directory>/loans`: written before a limit is touched, removed after it is back, so that
/// any later heapsnapd settles what a killed one left open (contracts 15 and 16).
public struct LoanBook: Sendable {
    public let directory: String
    private let table: ProcessTable
    private let lenders: [any LimitLender]

    public init(runtimeDirectory: String, table: ProcessTable, lenders: [any LimitLender]) {
        directory = runtimeDirectory + "/loans"
        self.table = table
        self.lenders = lenders
    }

    /// The lender that can raise every limit below `limit` for this process, or why there is none.
    public func lender(for hierarchy: MemoryHierarchy, limit: ByteCount) throws -> Result<any LimitLender, LendingObstacle> {
        do { try SmallFile.makePrivateDirectory(directory) } catch { return .failure(LendingObstacle("the loan cannot be written down: \(error)")) }
        let limiting = try hierarchy.limiting(atMost: limit)
        var reasons: [String] = []
        for lender in lenders {
            let obstacles = limiting.compactMap { lender.obstacle($0) }
            if obstacles.isEmpty { return .success(lender) }
            reasons.append(contentsOf: obstacles)
        }
        return .failure(LendingObstacle(reasons.joined(separator: "; ")))
    }

    /// Raises every limit of the hierarchy that stands below `limit`.
    /// - Returns: nil where no limit was in the way.
    /// - Throws: `KernelError`; nothing stays raised then.
    public func take(
        _ limit: ByteCount, for target: ProcessIdentity, service: String, hierarchy: MemoryHierarchy, use: ByteCount, holder: ProcessIdentity,
        lender: any LimitLender
    ) throws -> Loan? {
        let raised = wholePages(limit)
        let limits = try hierarchy.limiting(atMost: raised).compactMap { cgroup -> Loan.Limit? in
            guard let old = try cgroup.limit(), let inode = SmallFile.inode(cgroup.path) else { return nil }
            return Loan.Limit(path: cgroup.path, inode: inode, version: cgroup.version, old: old, new: raised)
        }
        guard !limits.isEmpty else { return nil }
        let now = SystemClock.now()
        let loan = Loan(
            id: SnapshotID(secondsSinceEpoch: now.milliseconds / 1_000).text, bootID: target.bootID, holder: holder, target: target, service: service,
            takenAt: now, lender: lender.name, useBefore: use, limits: limits)
        try save(loan)
        do {
            // From the outermost inwards: an inner limit above an outer one would be without effect.
            for limit in limits.reversed() { try lender.raise(cgroup(limit), to: raised) }
        } catch {
            var broken = loan
            _ = try? lower(&broken, to: limits.map(\.old))
            throw error
        }
        return loan
    }

    /// Raises the limits of an open loan further, for a second capture of the same service.
    public func extend(_ loan: inout Loan, to limit: ByteCount) throws {
        let raised = wholePages(limit)
        guard let lender = lenders.first(where: { $0.name == loan.lender }) else { return }
        for index in loan.limits.indices where loan.limits[index].new < raised { loan.limits[index].next = raised }
        try save(loan)
        for index in loan.limits.indices.reversed() {
            guard let next = loan.limits[index].next else { continue }
            try lender.raise(cgroup(loan.limits[index]), to: next)
            loan.limits[index].new = next
            loan.limits[index].next = nil
        }
        try save(loan)
    }

    /// Brings the limits down to the given values where they still read what we wrote; forgets the loan when all are back.
    /// - Returns: whether the loan is settled.
    @discardableResult
    public func lower(_ loan: inout Loan, to steps: [ByteCount]) throws -> Bool {
        guard let lender = lenders.first(where: { $0.name == loan.lender }) else { return false }
        try reconcile(&loan)
        for (index, step) in steps.enumerated() where step < loan.limits[index].new {
            loan.limits[index].next = max(wholePages(step), loan.limits[index].old)
        }
        try save(loan)
        for index in loan.limits.indices {
            let limit = loan.limits[index]
            guard let next = limit.next else { continue }
            loan.limits[index].next = nil
            let cgroup = cgroup(limit)
            do {
                let value = SmallFile.inode(limit.path) == limit.inode ? try cgroup.limit() : nil
                if let value, value == limit.new {
                    try lender.lower(cgroup, to: next, final: next == limit.old)
                    loan.limits[index].new = next
                } else {
                    try lender.forget(cgroup)  // gone, made anew or changed by somebody else: no longer ours
                    loan.limits[index].new = limit.old
                }
            } catch KernelError.system(_, .resourceBusy) {
                // the use is above it by now; the next step comes with a new reading
            }
        }
        if loan.isSettled { SmallFile.remove(path(loan.id)) } else { try save(loan) }
        return loan.isSettled
    }

    /// A holder that was killed between its note and its write leaves both values possible: the file says which it is.
    private func reconcile(_ loan: inout Loan) throws {
        for index in loan.limits.indices {
            guard let next = loan.limits[index].next else { continue }
            if try cgroup(loan.limits[index]).limit() == next { loan.limits[index].new = next }
            loan.limits[index].next = nil
        }
    }

    /// One step of giving back, from the use as it is now.
    @discardableResult
    public func settle(_ loan: inout Loan, growth: ByteCount, targetGone: Bool) throws -> Bool {
        let steps = loan.steps(use: use(loan), growth: growth, targetGone: targetGone)
        // Less than 1 % is not worth a write, unless it is the last step.
        let worthwhile = zip(loan.limits, steps).contains { limit, step in step < limit.new && (step == limit.old || limit.new - step > limit.new * 0.01) }
        return worthwhile ? try lower(&loan, to: steps) : false
    }

    /// Loans that stand open, oldest first. Files that cannot be read are left alone.
    public func open() -> [Loan] {
        ((try? SmallFile.names(in: directory)) ?? []).filter { $0.hasSuffix(".json") }.sorted().compactMap { name in
            (try? SmallFile.read(directory + "/" + name)).flatMap { try? RecordCodec.decode(Loan.self, from: $0) }
        }
    }

    /// Settles what an earlier heapsnapd left open, as far as that kills nobody; every command begins with it.
    /// - Parameter growth: what the services may grow in a second, where nobody watches them.
    public func settleOrphans(growth: ByteCount = .mebibytes(64)) {
        guard let bootID = try? table.bootID() else { return }
        for var loan in open() where !isAlive(loan.holder) {
            if loan.bootID != bootID {
                SmallFile.remove(path(loan.id))
            } else if !isAlive(loan.target) {
                _ = try? settle(&loan, growth: growth, targetGone: true)
            } else if !isCapturing(loan) {
                // Its holder could not say what the capture left behind: all that the use has grown by since.
                if loan.leftBehind == .zero { loan.leftBehind = max(.zero, use(loan) - loan.useBefore) }
                _ = try? settle(&loan, growth: growth, targetGone: false)
            }
        }
    }

    /// Node goes on with a snapshot whose heapsnapd was killed, and still needs what was lent: it holds the file open from its first moment on, and
    /// gets a few seconds to come to the handler.
    private func isCapturing(_ loan: Loan) -> Bool {
        if SystemClock.now().milliseconds - loan.takenAt.milliseconds < 10_000 { return true }
        guard let files = try? table.openFiles(loan.target.pid) else { return true }
        return files.contains { $0.hasSuffix(".heapsnapshot") }
    }

    /// Of the fullest of the cgroups that still are what they were.
    private func use(_ loan: Loan) -> ByteCount {
        loan.limits.filter { SmallFile.inode($0.path) == $0.inode }.compactMap { try? workingSet(cgroup($0)) }.max() ?? .zero
    }

    /// The kernel rounds limits to pages, and what reads otherwise than we wrote it is taken for somebody else's.
    private func wholePages(_ size: ByteCount) -> ByteCount { ByteCount((size.bytes + 4_095) & ~4_095) }

    private func isAlive(_ process: ProcessIdentity) -> Bool { (try? table.identity(process.pid)) == process }

    private func cgroup(_ limit: Loan.Limit) -> any MemoryCgroup {
        switch limit.version {
        case .v1: CgroupV1Memory(path: limit.path)
        case .v2: CgroupV2Memory(path: limit.path)
        }
    }

    private func path(_ id: String) -> String { "\(directory)/\(id).json" }

    private func save(_ loan: Loan) throws { try SmallFile.write(path(loan.id), RecordCodec.encode(loan)) }
}

/// Why no limit can be raised.
public struct LendingObstacle: Error, Sendable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}
