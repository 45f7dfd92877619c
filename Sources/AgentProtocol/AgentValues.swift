/// Bytes and seconds, as they stand in the messages.
public struct AgentHello: Sendable, Hashable, Decodable {
    public static let supportedProtocol = 2
    public var `protocol`: Int
    /// `0.1.0`
    public var agent: String
    /// `v24.19.0`
    public var node: String
    /// In the agent's own pid namespace.
    public var pid: Int32
    /// Field 22 of its /proc/self/stat, as in the name of its socket.
    public var startTime: UInt64?
    /// Symbols that this node does not have; what needs them is switched off.
    public var missing: [String]?
    public var isolates: [AgentIsolate]
}

public struct AgentIsolate: Sendable, Hashable, Decodable {
    /// v8::HeapStatistics; doc/api/v8.md, `v8.getHeapStatistics()`.
    public struct Heap: Sendable, Hashable, Decodable {
        public var totalHeapSize: Int64
        public var usedHeapSize: Int64
        public var heapSizeLimit: Int64
        public var totalPhysicalSize: Int64?
        public var totalAvailableSize: Int64?
        public var externalMemory: Int64
        public var mallocedMemory: Int64?
        public var peakMallocedMemory: Int64?
        public var nativeContexts: Int64?
        /// Above 0 for longer: a leak of whole contexts (vm, iframes of jsdom).
        public var detachedContexts: Int64?
    }
    public var id: Int
    public var main: Bool
    /// gettid(2) of its thread, in the agent's own pid namespace.
    public var threadId: Int32
    /// nil where it was not asked, or did not answer.
    public var heap: Heap?
    public var notInterruptible: Bool?
    /// While it keeps object ids.
    public var exactIds: AgentHunt?
}

/// For so long an isolate keeps the ids of its objects, so that those of its copies are comparable. Unix time in seconds.
public struct AgentHunt: Sendable, Hashable, Decodable {
    public var since: Double
    public var until: Double
}

public struct AgentFork: Sendable, Hashable, Decodable {
    public var isolate: Int
    /// `request` or `nearHeapLimit`.
    public var reason: String
    /// How long the agent waited for sleeping threads before it touched the isolate, and how often it found one awake after all and left it.
    public var settled: Double?
    public var declined: Int?
    /// In the agent's own pid namespace.
    public var childPid: Int32
    /// How long the isolate stood still, all in all.
    public var pause: Double
    /// Of that: for threads to fall asleep, MADV_DOFORK, and fork(2) itself.
    public var waited: Double?
    public var mappings: Double?
    public var fork: Double
    /// Not asleep at the fork: above 0 the copy is likelier to need one of them.
    public var runningThreads: Int?
    /// Of the service, up to the fork.
    public var minorFaults: UInt64?
    /// `interrupt`, `loop` or `limit`.
    public var wokenBy: String?
    /// V8's limit when it was met, and to what it was raised; only near the heap limit.
    public var heapLimit: Int64?
    public var raisedTo: Int64?
    public var marked: Bool?
    public var attempt: Int?
    /// Of the pause: V8 gave an id to each object that had none. Only with exact ids.
    public var numbering: Double?
    public var exactIds: AgentHunt?
}

/// How a copy ended: one of `exitCode`, `signal`, `unknown`.
public struct AgentEnd: Sendable, Hashable, Decodable {
    public var childPid: Int32
    public var exitCode: Int32?
    public var signal: Int32?
    public var unknown: Bool?
    public var duration: Double?
    /// Of the service while the copy lived: each of those that hit a shared page made a copy of it.
    public var minorFaults: UInt64?
    public var childPeakResident: UInt64?
    public var childProcessorTime: Double?
}

/// In the words of the npm module node-memwatch.
public struct AgentStatistics: Sendable, Hashable, Decodable {
    public struct Stats: Sendable, Hashable, Decodable {
        enum CodingKeys: String, CodingKey {
            case fullCollections = "num_full_gc"
            case incrementalCollections = "num_inc_gc"
            case heapCompactions = "heap_compactions"
            case estimatedBase = "estimated_base"
            case currentBase = "current_base"
            case min, max
            case usageTrend = "usage_trend"
        }
        public var fullCollections: Int
        public var incrementalCollections: Int
        public var heapCompactions: Int
        public var estimatedBase: Int64
        public var currentBase: Int64
        public var min: Int64
        public var max: Int64
        public var usageTrend: Double
    }
    public var isolate: Int
    public var stats: Stats?
}

public struct AgentCollection: Sendable, Hashable, Decodable {
    public var isolate: Int
    /// Seconds of Unix time.
    public var time: Double
    public var duration: Double?
    public var usedHeapSize: Int64
    public var heapSizeLimit: Int64
    public var stats: AgentStatistics.Stats
}

/// The heap has grown over five full collections in a row.
public struct AgentLeak: Sendable, Hashable, Decodable {
    public var isolate: Int
    public var start: Double
    public var end: Double
    public var growth: Int64
    public var reason: String
}

/// How a copy may end by itself (Sources/NodeAgent/ExitCodes.h; docs/agent-protocol.md).
public enum CopyExit: Int32, Sendable, CaseIterable {
    case done = 0
    case noSnapshot = 70
    case writeFailed = 71
    case outputClosed = 72
    case controlClosed = 73
    case noDevice = 74
    case workerActive = 75
    case lockHeld = 76
    case threadAwaited = 77
    case noGo = 78
    case semaphoreEmpty = 79
    case futexHeld = 80

    /// A moment later it may well work: a thread of the service was at the wrong place.
    public var isWorthARetry: Bool {
        switch self {
        case .workerActive, .lockHeld, .threadAwaited, .semaphoreEmpty, .futexHeld: true
        case .done, .noSnapshot, .writeFailed, .outputClosed, .controlClosed, .noDevice, .noGo: false
        }
    }

    public var reason: String {
        switch self {
        case .done: "it was complete"
        case .noSnapshot: "V8 gave no snapshot"
        case .writeFailed: "the output took no more"
        case .outputClosed: "nobody read the output"
        case .controlClosed: "the control socket was closed"
        case .noDevice: "/dev/null could not be opened"
        case .workerActive: "it needed a worker thread that exists in the service only"
        case .lockHeld: "a lock was held by a thread that exists in the service only"
        case .threadAwaited: "it waited for a thread that exists in the service only"
        case .noGo: "it got no go within 5 s"
        case .semaphoreEmpty: "it waited for a semaphore of a thread that exists in the service only"
        case .futexHeld: "it waited for a futex of a thread that exists in the service only"
        }
    }
}
