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
        try turn.take {
            guard var loan = open(heldBy: holder, of: cgroup) else { return nil }
            return try settle(&loan, growth: growth) ? nil : loan
        }
    }

    private func settle(_ loan: inout Loan, growth: ByteCount) throws -> Bool {
        reconcile(&loan)
        let steps = loan.steps(use: use(loan), growth: growth, targetGone: !isAlive(loan.target))
        // Less than 1 % is not worth a write, unless it is the last step.
        let worthwhile = zip(loan.limits, steps).contains { limit, step in
            step < limit.new && (step == limit.old || limit.new - step > limit.new * 0.01)
        }
        return worthwhile || loan.isSettled ? try lower(&loan, to: steps) : false
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
            if isTakenOver(limit, from: loan) {
                loan.limits[index].new = limit.old
                continue
            }
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

    /// Whoever has lent on top of this loan gives back for both, to where the first had begun (`LoanBook.add`), and may be in mid-capture now.
    private func isTakenOver(_ limit: Loan.Limit, from loan: Loan) -> Bool {
        open().contains { later in
            later.id > loan.id && later.bootID == loan.bootID && later.limits.contains { $0.path == limit.path && $0.inode == limit.inode }
        }
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
        guard let bootID = try? table.bootID() else { return }
        SmallFile.removeLitter(in: directory)
        for var loan in open() where !isAlive(loan.holder) {
            if loan.bootID != bootID {
                SmallFile.remove(path(loan.id))
            } else if !isAlive(loan.target) {
                _ = try? settle(&loan, growth: growth)
            } else if !isCapturing(loan) {
                // Its holder could not say what the capture left behind: all that the use has grown by since.
                if loan.leftBehind == .zero { loan.leftBehind = max(.zero, use(loan) - loan.useBefore) }
                _ = try? settle(&loan, growth: growth)
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
}
