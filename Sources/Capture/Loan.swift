public import Linux
public import Units

/// A limit raised for the length of a capture, as it is written down before it is taken (contract 15).
public struct Loan: Sendable, Codable, Hashable {
    /// One cgroup whose limit was raised.
    public struct Limit: Sendable, Codable, Hashable {
        /// Directory of the cgroup.
        public var path: String
        /// Inode of that directory: a cgroup that was removed and made anew has another.
        public var inode: UInt64
        public var version: CgroupVersion
        public var old: ByteCount
        /// What we wrote last; nobody else's value is ever overwritten.
        public var new: ByteCount
        /// What we are about to write: after a crash the file reads either.
        public var next: ByteCount?

        public init(path: String, inode: UInt64, version: CgroupVersion, old: ByteCount, new: ByteCount) {
            self.path = path
            self.inode = inode
            self.version = version
            self.old = old
            self.new = new
        }
    }

    public var id: String
    public var bootID: String
    /// Who has to give it back.
    public var holder: ProcessIdentity
    /// For whom it was taken.
    public var target: ProcessIdentity
    public var service: String
    /// Directory of the service's own cgroup. The limits may be those of its ancestors.
    public var cgroup: String
    public var takenAt: Timestamp
    /// How it was written: `cgroup` (the file itself) or `systemd` (unit property).
    public var lender: String
    /// Use of the target's cgroup before the capture.
    public var useBefore: ByteCount
    /// What the capture left in the service and will not come back (malloc keeps it): stays lent until the service exits.
    public var leftBehind: ByteCount = .zero
    /// Other processes that have a part in `leftBehind`: captured before the target, or by whom lent before us.
    var otherTargets: [ProcessIdentity]?
    /// A snapshot that a process was signalled for.
    struct Debt: Sendable, Codable, Hashable {
        var process: ProcessIdentity
        /// By then nobody waits for it any more: the file came and went unseen, or never will.
        var until: Timestamp
        /// From then on the open file speaks for itself. Before, the handler is still to run, and needs what was lent.
        var hasBegun = false
    }
    var debts: [Debt]?
    public var limits: [Limit]

    public init(
        id: String, bootID: String, holder: ProcessIdentity, target: ProcessIdentity, service: String, cgroup: String, takenAt: Timestamp,
        lender: String, useBefore: ByteCount, limits: [Limit]
    ) {
        self.id = id
        self.bootID = bootID
        self.holder = holder
        self.target = target
        self.service = service
        self.cgroup = cgroup
        self.takenAt = takenAt
        self.lender = lender
        self.useBefore = useBefore
        self.limits = limits
    }
}

extension Loan {
    /// Another process of the service is captured; after a restart, what the one before left behind has gone with it.
    mutating func goOn(with target: ProcessIdentity, use: ByteCount, isRestart: Bool) {
        if !isRestart { otherTargets = (otherTargets ?? []) + [self.target] }
        self.target = target
        guard isRestart else { return }
        useBefore = use
        leftBehind = .zero
        otherTargets = nil
        debts = nil
    }

    /// Takes over what an earlier capture, by another holder or of another service below the same limit, left behind.
    mutating func inherit(_ other: Loan) {
        useBefore = min(useBefore, other.useBefore)
        if let theirs = other.debts { debts = (debts ?? []) + theirs }
        if other.target == target {
            leftBehind = max(leftBehind, other.leftBehind)
        } else {
            leftBehind += other.leftBehind
            otherTargets = (otherTargets ?? []) + [other.target]
        }
    }

    public var owesSnapshot: Bool { debts?.contains { !$0.hasBegun } == true }

    /// Whose end takes what was left behind with it.
    var targets: [ProcessIdentity] { [target] + (otherTargets ?? []) }

    /// How far the limits may come down now (contract 16 with docs/decisions/0003): never below the use and a second of growth, never below what
    /// the service would have had by itself, never up.
    ///
    /// - Parameters:
    ///   - use: of the cgroup now, less what can be reclaimed.
    ///   - growth: of the use, per second.
    ///   - targetGone: what the captures left behind went with their targets.
    public func steps(use: ByteCount, growth: ByteCount, targetGone: Bool) -> [ByteCount] {
        let behind = targetGone ? .zero : min(leftBehind, max(.zero, use - useBefore))
        return limits.map { limit in min(limit.new, max(limit.old + behind, use + max(growth, .mebibytes(1)))) }
    }

    /// Less than 1 % is not worth a write, unless it is the last step.
    func isWorthwhile(_ steps: [ByteCount]) -> Bool {
        zip(limits, steps).contains { limit, step in step < limit.new && (step == limit.old || limit.new - step > limit.new * 0.01) }
    }

    /// Whether this limit of the same cgroup was last written, or is being written, by this loan.
    func has(_ limit: Limit, at value: ByteCount) -> Bool {
        limits.contains { $0.path == limit.path && $0.inode == limit.inode && ($0.new == value && $0.new > $0.old || $0.next == value) }
    }

    public var isSettled: Bool { limits.allSatisfy { $0.new <= $0.old } }
}
