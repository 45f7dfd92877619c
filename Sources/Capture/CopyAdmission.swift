public import Units

/// Decides whether a copy of the service may take the snapshot (rungs 1a and 1b), where it would live, and what the service itself needs meanwhile.
/// Pure.
///
/// The copy needs the memory that a snapshot in place would need, but elsewhere. The service pays for the pages that it rewrites while the copy lives
/// (copy on write): at most all of them, once, and what it grows by in that time.
public struct CopyAdmission: Sendable {
    public enum Home: Sendable, Hashable {
        /// 1a: outside every limited ancestor.
        case own
        /// 1b: in the service's cgroup, for this reason.
        case shared(reason: String, oomGroup: Bool)
    }

    public struct Plan: Sendable, Hashable {
        /// What the service's own limit has to be meanwhile; nil where it fits as it is.
        public var raisedLimit: ByteCount?
        /// The limit of the capture cgroup.
        public var copyLimit: ByteCount
        /// What `acceptRisk` overrode.
        public var accepted: Refusal?
    }

    public var lend: Bool
    public var acceptRisk: Bool

    public init(lend: Bool, acceptRisk: Bool) {
        self.lend = lend
        self.acceptRisk = acceptRisk
    }

    /// A copy that is niced takes about twice the stop of a snapshot in place.
    private static let slowness = 2.0

    public func decide(_ facts: AdmissionFacts, home: Home) -> Result<Plan, Refusal> {
        let copyLimit = Admission.spare(available: facts.hostAvailable, total: facts.hostTotal)
        if facts.storeAvailable < facts.storedEstimate {
            return .failure(
                Refusal(
                    .noSpace,
                    "cannot store the snapshot: it needs about \(facts.storedEstimate), \(facts.storeAvailable) are free; run heapsnapd prune"))
        }
        guard let cost = facts.cost else {
            return accepting(
                Refusal(.heapUnknown, "cannot predict the cost of a copy: \(facts.heapUnknownReason); pass --accept-risk to go on all the same"),
                copyLimit)
        }
        let rewritten = facts.rss ?? cost.heap
        let grown = facts.growth * (cost.pause.inSeconds * Self.slowness)
        guard cost.extra + rewritten + grown <= copyLimit else {
            return accepting(
                Refusal(
                    .hostMemory,
                    "the host has not the memory: a copy that takes a snapshot needs about \(cost.extra), and what the service rewrites meanwhile \(rewritten + grown); "
                        + "\(facts.hostAvailable) are available "
                        + "(a part stays reserved)"), copyLimit)
        }
        guard let limit = facts.limit else { return .success(Plan(copyLimit: copyLimit)) }
        switch home {
        case .own:
            let peak = facts.use + rewritten + grown
            if peak <= limit { return .success(Plan(copyLimit: copyLimit)) }
            let short = Refusal(
                .doesNotFit,
                "the service may rewrite \(rewritten) and grow by \(grown) while its copy lives: \(peak), the limit is \(limit)")
            guard lend else { return accepting(short.adding("lending is switched off (capture.lend)"), copyLimit) }
            if let obstacle = facts.lendingObstacle { return accepting(short.adding("it cannot be raised: \(obstacle)"), copyLimit) }
            // Contract 15: predicted peak + 10 %.
            return .success(Plan(raisedLimit: facts.use + (rewritten + grown) * 1.1, copyLimit: copyLimit))
        case .shared(let reason, let oomGroup):
            let peak = facts.use + rewritten + grown + cost.extra
            if peak <= limit { return .success(Plan(copyLimit: copyLimit)) }
            let message =
                "the copy would live in the service's own cgroup (\(reason)), which would peak at about \(peak); the limit is \(limit)"
            return accepting(
                oomGroup
                    ? Refusal(.oomGroup, message + ", and memory.oom.group would have the kernel kill the service with the copy")
                    : Refusal(.doesNotFit, message), copyLimit)
        }
    }

    private func accepting(_ refusal: Refusal, _ copyLimit: ByteCount) -> Result<Plan, Refusal> {
        acceptRisk && refusal.code != .noSpace ? .success(Plan(copyLimit: copyLimit, accepted: refusal)) : .failure(refusal)
    }
}
