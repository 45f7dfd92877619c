public import Units

/// Everything that is known of one capture, wished, refused or done: one JSON file of the store, the same in `list --json`.
///
/// Optional means unknown or not applicable; unknown is never 0. Fields added later must be optional, so that older records stay readable;
/// a change of meaning raises `currentVersion`. Fields this version does not know are ignored when read.
/// Secrets: of the target's environment nothing is kept, of its arguments what `ps` shows everybody.
public struct SnapshotRecord: Codable, Sendable, Hashable, Identifiable {
    public static let currentVersion = 1

    public var id: SnapshotID
    public var version = SnapshotRecord.currentVersion
    public var state: State
    public var service: String
    public var instance: Instance?
    public var pid: ProcessID?
    /// Why: the name of what asked. `use`, `timeToLimit`, `manual`, `nearHeapLimit`, `death`, `adopted`, …
    public var reason: String
    /// One sentence with the numbers behind the reason.
    public var detail: String?
    public var rule: String?
    /// How: `copyOnWrite`, `signal`, `nearHeapLimit`, `app`, …, or `none`.
    public var engine: String
    /// Who asked: a rule, a user and the command, a signal's sender.
    public var requestedBy: String?
    public var createdAt: Timestamp
    public var completedAt: Timestamp?

    /// Uncompressed.
    public var bytes: ByteCount?
    public var storedBytes: ByteCount?
    /// Of the stored bytes, lower-case hex.
    public var sha256: String?
    public var compression: Compression?
    /// Name within the store.
    public var file: String?
    public var nodeCount: Int?
    public var edgeCount: Int?
    /// Where a truncated or invalid stream ends or goes wrong: offset in the uncompressed bytes.
    public var truncatedAt: ByteCount?

    /// Which of the process's isolates; nil: the main one.
    public var isolate: Int?
    /// Snapshots whose lineage is the same text number their objects alike, so that ids may be compared; of different ones never.
    public var lineage: String?
    /// When the service was to stop keeping object ids; nil: it did not keep them.
    public var exactIdsUntil: Timestamp?
    public var node: Node?
    public var host: Host?
    public var samples: Samples?
    public var prediction: Prediction?
    public var actual: Actual?
    public var loan: Loan?
    public var refusal: Refusal?
    public var rungs: [Rung] = []
    /// Copies that the kernel killed for the limit of the service's own cgroup: its `oom_kill` counts them, and they were not the service's end.
    public var oomKilledCopies: Int?
    public var exit: Exit?
    public var candidates: [Candidate] = []
    /// How many times the same happened in a row; see `RepeatedRecord`.
    public var count = 1

    public init(id: SnapshotID, state: State, service: String, reason: String, engine: String, createdAt: Timestamp) {
        self.id = id
        self.state = state
        self.service = service
        self.reason = reason
        self.engine = engine
        self.createdAt = createdAt
    }

    public var hasSnapshot: Bool { file != nil }

    /// Whose snapshots are counted together, and whose costs are learned: anybody can call a program `shop`, only root a unit of the system.
    public var owner: String { Self.owner(service: service, unit: host?.unit) }

    public static func owner(service: String, unit: String?) -> String { unit.map { "unit:\($0)" } ?? service }
}

extension SnapshotRecord {
    public enum State: String, Codable, Sendable, Hashable, CaseIterable {
        case requested, generating, writing
        case complete
        /// The stream ended early; what came is kept.
        case truncated
        /// The stream is not a heap snapshot from some byte on; what came is kept.
        case invalid
        /// Neither bytes nor CPU time of the target advanced for 10 s.
        case stalled
        case refused
        case targetDied
        /// The target ended and nobody had asked for a snapshot, or none came of it.
        case noSnapshot
        /// `run` itself was killed; written by the next start.
        case supervisorLost
        case failed

        /// Still being worked on by the process that wrote it.
        public var isInProgress: Bool { self == .requested || self == .generating || self == .writing }
    }
}
