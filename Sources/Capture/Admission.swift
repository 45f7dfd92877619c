public import Units

/// Decides, before anything touches the service, whether a snapshot in place (rung 2) may be taken now, and whether a limit has to be raised
/// for it. Pure: all that it knows is in `AdmissionFacts`.
public struct Admission: Sendable {
    /// Longest stop of the service that is acceptable (contract 12).
    public var maxPause: Duration
    /// Whether a limit may be raised for the length of a capture.
    public var lend: Bool
    /// Overrides the fit (memory and pause), never the checks that keep the signal from killing.
    public var acceptRisk: Bool

    public init(maxPause: Duration, lend: Bool, acceptRisk: Bool) {
        self.maxPause = maxPause
        self.lend = lend
        self.acceptRisk = acceptRisk
    }

    public struct Plan: Sendable, Hashable {
        /// The limit that every limiting ancestor needs while the capture runs; nil where it fits as it is.
        public var raisedLimit: ByteCount?
        /// What `acceptRisk` overrode.
        public var accepted: Refusal?
    }

    public func decide(_ facts: AdmissionFacts) -> Result<Plan, Refusal> {
        if let objection = facts.objection { return .failure(objection) }
        if let refusal = diskRefusal(facts) { return .failure(refusal) }
        guard let cost = facts.cost else {
            let refusal = Refusal(
                .heapUnknown, "cannot predict the cost of a snapshot: \(facts.heapUnknownReason); pass --accept-risk to go on all the same")
            return acceptRisk ? .success(Plan(accepted: refusal)) : .failure(refusal)
        }
        let unfit = pauseRefusal(facts, cost)
        if let unfit, !acceptRisk { return .failure(unfit) }
        switch fit(facts, cost) {
        case .success(let limit): return .success(Plan(raisedLimit: limit, accepted: unfit))
        case .failure(let refusal): return acceptRisk ? .success(Plan(accepted: refusal)) : .failure(refusal)
        }
    }

    /// The write happens inside the service's signal handler, where ENOSPC, EACCES and EROFS are an uncaught exception: not a risk to accept.
    private func diskRefusal(_ facts: AdmissionFacts) -> Refusal? {
        guard facts.directoryWritable else {
            return Refusal(
                .directoryNotWritable,
                "cannot write \(facts.directory): its user has no permission there, or it is read-only or gone; "
                    + "give the service a directory that it owns by --diagnostic-dir")
        }
        let file = facts.cost?.file ?? .zero
        let needed = facts.storeSharesFileSystem ? file + facts.storedEstimate : file
        if facts.directoryAvailable < needed {
            return Refusal(
                .noSpace,
                "cannot write \(facts.directory): the snapshot needs about \(needed), \(facts.directoryAvailable) are free; "
                    + "free space or point --diagnostic-dir elsewhere")
        }
        if !facts.storeSharesFileSystem && facts.storeAvailable < facts.storedEstimate {
            return Refusal(
                .noSpace, "cannot store the snapshot: it needs about \(facts.storedEstimate), \(facts.storeAvailable) are free; run heapsnapd prune")
        }
        return nil
    }

    private func pauseRefusal(_ facts: AdmissionFacts, _ cost: AdmissionFacts.Cost) -> Refusal? {
        // A watchdog that is not fed for WATCHDOG_USEC kills the unit; half of it is what sd_watchdog_enabled(3) advises as the interval.
        let allowed = min(maxPause, facts.watchdog.map { $0 / 2 } ?? maxPause)
        guard cost.pause > allowed else { return nil }
        return Refusal(
            .pause,
            "the service would stand still for about \(cost.pause.text) (heap \(cost.heap)), \(allowed.text) are allowed; "
                + "raise capture.maxPause or capture earlier")
    }

    /// What may be taken of a host's memory for a capture (contract 15).
    public static func spare(available: ByteCount, total: ByteCount) -> ByteCount { max(.zero, available - max(.mebibytes(256), total * 0.05)) }

    /// nil: it fits as it is; a value: the limit to raise to.
    private func fit(_ facts: AdmissionFacts, _ cost: AdmissionFacts.Cost) -> Result<ByteCount?, Refusal> {
        // In place the JavaScript thread stands still, so the leak does not grow during the capture, only until the handler runs.
        let extra = cost.extra + (facts.directoryIsMemory ? cost.file : .zero)
        guard extra <= Self.spare(available: facts.hostAvailable, total: facts.hostTotal) else {
            return .failure(
                Refusal(
                    .hostMemory,
                    "the host has not the memory: a snapshot needs about \(extra), \(facts.hostAvailable) are available "
                        + "(a part stays reserved); stop something else, or capture a smaller heap"))
        }
        guard let limit = facts.limit else { return .success(nil) }
        let peak = facts.use + facts.growth + extra
        if peak <= limit { return .success(nil) }
        let short = Refusal(
            .doesNotFit, "a snapshot would peak at about \(peak) (\(facts.use) in use, \(extra) for the snapshot), the limit is \(limit)")
        guard lend else { return .failure(short.adding("lending is switched off (capture.lend)")) }
        if let reason = facts.lendingObstacle { return .failure(short.adding("it cannot be raised: \(reason)")) }
        // Contract 15: predicted peak + 10 %.
        return .success(facts.use + facts.growth + extra * 1.1)
    }
}

extension Refusal {
    func adding(_ remark: String) -> Refusal { Refusal(code, "\(message); \(remark)") }
}

/// What admission looks at, read just before the decision.
public struct AdmissionFacts: Sendable {
    /// Prediction for this heap: bytes on top of the present use, stop of the service, size of the file.
    public struct Cost: Sendable, Hashable {
        public var heap: ByteCount
        public var extra: ByteCount
        public var pause: Duration
        public var file: ByteCount

        public init(heap: ByteCount, extra: ByteCount, pause: Duration, file: ByteCount) {
            self.heap = heap
            self.extra = extra
            self.pause = pause
            self.file = file
        }
    }

    /// Why the signal must not be sent at all.
    public var objection: Refusal?
    /// nil where the heap cannot be estimated, with the reason in `heapUnknownReason`.
    public var cost: Cost?
    public var heapUnknownReason = "the heap cannot be estimated from outside"
    /// Use less what the kernel can reclaim.
    public var use: ByteCount
    /// Of the process alone; nil where unknown.
    public var rss: ByteCount?
    /// Effective limit of the cgroup; nil where there is none.
    public var limit: ByteCount?
    /// Expected growth until the handler runs.
    public var growth: ByteCount = .zero
    /// Why the limit cannot be raised; nil where it can.
    public var lendingObstacle: String?
    public var hostAvailable: ByteCount
    public var hostTotal: ByteCount
    public var directory: String
    public var directoryWritable: Bool
    public var directoryAvailable: ByteCount
    /// tmpfs: the file itself counts as memory (contract 31).
    public var directoryIsMemory = false
    public var storeAvailable: ByteCount
    public var storeSharesFileSystem: Bool
    /// WATCHDOG_USEC of the target's environment.
    public var watchdog: Duration?

    public init(
        use: ByteCount, limit: ByteCount?, hostAvailable: ByteCount, hostTotal: ByteCount, directory: String, directoryWritable: Bool,
        directoryAvailable: ByteCount, storeAvailable: ByteCount, storeSharesFileSystem: Bool
    ) {
        self.use = use
        self.limit = limit
        self.hostAvailable = hostAvailable
        self.hostTotal = hostTotal
        self.directory = directory
        self.directoryWritable = directoryWritable
        self.directoryAvailable = directoryAvailable
        self.storeAvailable = storeAvailable
        self.storeSharesFileSystem = storeSharesFileSystem
    }

    /// zstd -3 brings a snapshot to 9 to 13 % of its size; a quarter is safe for all that was seen.
    var storedEstimate: ByteCount { (cost?.file ?? .zero) * 0.25 }
}
