import Linux
import SystemPackage
public import Units

/// Giving back never kills (contract 16): limits come down behind the use, and only where they still read what we wrote.
extension LoanBook {
    /// One step of giving back what this holder has lent, from the use as it is now.
    /// - Parameters:
    ///   - cgroup: directory of the service's own cgroup; nil: whichever is lent to.
    ///   - growth: of the use, per second.
    /// - Returns: what is still lent; nil: nothing.
    public func settle(heldBy holder: ProcessIdentity, of cgroup: String? = nil, growth: ByteCount) throws -> Loan? {
        try Self.turn.take {
            guard var loan = open(heldBy: holder, of: cgroup) else { return nil }
            return try settle(&loan, growth: growth) ? nil : loan
        }
    }

    /// The same for all that this holder has lent to processes that nobody here looks after any more.
    public func settleRest(heldBy holder: ProcessIdentity, lookedAfter: Set<ProcessIdentity>, growth: ByteCount) {
        Self.turn.take {
            for var loan in open() where loan.holder == holder && !lookedAfter.contains(loan.target) { _ = try? settle(&loan, growth: growth) }
        }
    }

    private func settle(_ loan: inout Loan, growth: ByteCount) throws -> Bool {
        reconcile(&loan)
        try lookAtDebts(&loan)
        let others = others(than: loan)
        try handOver(&loan, to: others)
        if loan.isSettled { return true }
        let steps = loan.steps(use: use(loan), growth: growth, targetGone: !loan.targets.contains { isAlive($0) })
        guard loan.isWorthwhile(steps) else { return false }
        let needed = needed(by: others + [loan])
        let allowed = zip(loan.limits, steps).map { limit, step in needed.contains(limit.path) ? limit.new : step }
        return loan.isWorthwhile(allowed) ? try lower(&loan, to: allowed) : false
    }

    /// What somebody has raised on top of this loan goes back by that one, to where the first had begun (`add`).
    private func handOver(_ loan: inout Loan, to others: [Loan]) throws {
        if loan.owesSnapshot { return }
        var isOurs = true
        for index in loan.limits.indices where loan.limits[index].new > loan.limits[index].old {
            let limit = loan.limits[index]
            guard let stands = try? cgroup(limit).limit(), stands != limit.new, others.contains(where: { $0.has(limit, at: stands) }) else {
                continue
            }
            loan.limits[index].new = limit.old
            isOurs = false
        }
        if loan.isSettled { SmallFile.remove(path(loan.id)) } else if !isOurs { try save(loan) }
    }

    private func lookAtDebts(_ loan: inout Loan) throws {
        guard let debts = loan.debts else { return }
        var left = debts.filter { isDue($0) }
        for index in left.indices where !left[index].hasBegun && isWriting(left[index].process.pid) { left[index].hasBegun = true }
        if left == debts { return }
        loan.debts = left
        try save(loan)
    }

    private func isDue(_ debt: Loan.Debt) -> Bool { debt.until > SystemClock.now() && isAlive(debt.process) }

    /// Cgroups whose limits must stay where they are: those above a process that a capture is under way of, by whomever, or that owes a snapshot.
    private func needed(by loans: [Loan]) -> Set<String> {
        var paths: Set<String> = []
        for loan in loans {
            let isOwed = loan.debts?.contains { !$0.hasBegun && isDue($0) } == true
            if isOwed || loan.targets.contains(where: { isAlive($0) && isWriting($0.pid) }) { paths.formUnion(loan.limits.map(\.path)) }
        }
        let target = CaptureLock.target(in: runtimeDirectory)
        if let target, let hierarchy = try? MemoryHierarchy.of(target, in: table) { paths.formUnion(hierarchy.cgroups.map(\.path)) }
        return paths
    }

    /// Brings the limits down to the given values where they still read what we wrote; forgets the loan when all are back.
    /// - Returns: whether the loan is settled.
    private func lower(_ loan: inout Loan, to steps: [ByteCount]) throws -> Bool {
        guard let lender = lender(loan.lender) else { return false }
        reconcile(&loan)
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
    func reconcile(_ loan: inout Loan) {
        for index in loan.limits.indices {
            guard let next = loan.limits[index].next else { continue }
            if (try? cgroup(loan.limits[index]).limit()) == next { loan.limits[index].new = next }
            loan.limits[index].next = nil
        }
    }

    /// Settles what an earlier heapsnapd left open, as far as that kills nobody; every command begins with it, and `run` does it for a `dump` that ended.
    /// - Parameter growth: what the services may grow in a second, where nobody watches them.
    public func settleOrphans(growth: ByteCount = .mebibytes(64)) {
        // One of all that find them; the rest have nothing to do.
        guard let bootID = try? table.bootID(), open().contains(where: { !isAlive($0.holder) }),
            let lock = try? FileLock.tryAcquire(runtimeDirectory + "/settle.lock", note: "")
        else { return }
        defer { withExtendedLifetime(lock) {} }
        SmallFile.removeLitter(in: directory)
        Self.turn.take {
            for var loan in open() where !isAlive(loan.holder) {
                if loan.bootID != bootID {
                    SmallFile.remove(path(loan.id))
                } else if !isAlive(loan.target) {
                    _ = try? settle(&loan, growth: growth)
                } else if isWriting(loan.target.pid) {
                    try? lookAtDebts(&loan)
                } else if !isNew(loan) {
                    // Its holder could not say what the capture left behind: all that the use has grown by since.
                    if loan.leftBehind == .zero { loan.leftBehind = max(.zero, use(loan) - loan.useBefore) }
                    _ = try? settle(&loan, growth: growth)
                }
            }
        }
    }

    /// Whether a heapsnapd that was killed or stopped in mid-capture had lent for this process: what Node writes now was its wish. After a capture that came
    /// to its end the loan says what it has left behind.
    public func wasLent(to target: ProcessIdentity) -> Bool {
        open().contains { $0.target == target && !isAlive($0.holder) && ($0.leftBehind == .zero || $0.owesSnapshot) }
    }

    /// Node goes on with a snapshot whose heapsnapd was killed: it gets a few seconds to come to the handler.
    private func isNew(_ loan: Loan) -> Bool { SystemClock.now().milliseconds - loan.takenAt.milliseconds < 10_000 }

    /// Node holds the file open from its first moment on. A descriptor that it leaks (after ENOSPC) is of a file that was taken away.
    private func isWriting(_ pid: ProcessID) -> Bool {
        guard let files = try? table.openFiles(pid) else { return true }
        return files.contains { $0.hasSuffix(".heapsnapshot") }
    }

    /// Of the fullest of the cgroups that still are what they were.
    private func use(_ loan: Loan) -> ByteCount {
        loan.limits.filter { SmallFile.inode($0.path) == $0.inode }.compactMap { try? workingSet(cgroup($0)) }.max() ?? .zero
    }
}
