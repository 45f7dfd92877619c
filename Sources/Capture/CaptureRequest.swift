public import Node
public import SnapshotStore
public import Units

/// One wish for a snapshot of one process.
public struct CaptureRequest: Sendable {
    public var process: NodeProcess
    /// Where the file will appear, as a path that we can open.
    public var directory: String
    public var signal: Int32
    /// Who writes the file: Node's own handler, or one of the service's (contract: `--handler app`).
    public var handler: SnapshotHandler
    public var admission: Admission
    /// Contract 30.
    public var stallTimeout: Duration
    /// `--assume-heapsnapshot-signal`: the operator vouches for the handler.
    public var assumesHandler: Bool
    /// false: a copy or nothing. In place a snapshot takes memory that the service's cgroup, or the host, may not have.
    public var allowsInPlace = true
    /// Of the cgroup's use in a second.
    public var growth: ByteCount
    /// An upper bound of the heap that the caller knows from a moment ago; it saves the walk of smaps where it is good enough to admit.
    public var heapBound: ByteCount?
    /// How long the service keeps object ids from now on, so that those of its copies are comparable; zero ends it.
    public var exactIDs: Duration?
    /// What V8 itself has said a moment ago. The estimate from outside misses what the agent has marked for a fork (`dc` is gone from its VmFlags then), and
    /// a snapshot in place after a failed copy was allowed that killed the service.
    public var heapAtLeast = ByteCount.zero
    /// What the record says already: who, why, the samples before.
    public var record: SnapshotRecord

    public init(
        process: NodeProcess, directory: String, signal: Int32, handler: SnapshotHandler, admission: Admission, stallTimeout: Duration,
        assumesHandler: Bool, growth: ByteCount, record: SnapshotRecord
    ) {
        self.process = process
        self.directory = directory
        self.signal = signal
        self.handler = handler
        self.admission = admission
        self.stallTimeout = stallTimeout
        self.assumesHandler = assumesHandler
        self.growth = growth
        self.record = record
    }
}

/// How far a capture is, for whoever waits for it.
public enum CaptureProgress: Sendable {
    case admitted(AdmissionFacts, Admission.Plan)
    case lent(from: ByteCount, to: ByteCount)
    case signalled
    /// The service stood still for so long, and runs on; its copy takes the snapshot. Until then it keeps object ids.
    case copied(pause: Duration, exactIDsUntil: Timestamp?)
    /// It took none, and another is made or the next rung taken.
    case copyFailed(Refusal)
    /// What the copy does: V8's own count of its steps.
    case copyWorks(phase: String, done: UInt64, total: UInt64?)
    /// The file has no bytes yet: Node walks the heap.
    case generating(elapsed: Duration)
    case writing(ByteCount)
    /// Verification and compression into the store.
    case storing(ByteCount)
}

/// What came of it. The record is published already; what was lent is the caller's to give back step by step (`LoanBook.settle`) as the service comes down.
public struct CaptureOutcome: Sendable {
    public var record: SnapshotRecord
    /// For the caller's next admission and for the rule's state.
    public var refusal: Refusal?
    /// A file whose writer stands still, but holds it: whoever watches takes it up when it is let go of.
    public var leftOpen: Artifact?
}
