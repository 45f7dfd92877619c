public import Units

/// One line of `heapsnapd watch --json` (contract 32): with a pid of one process, without of all.
public enum WatchEvent: Sendable, Hashable {
    case sample(WatchSample)
    /// After each full collection of V8, where the agent is loaded.
    case collection(WatchCollection)
    /// The heap has grown over five full collections in a row.
    case leak(WatchLeak)
    /// A capture was asked for, refused, or ended; from a daemon only.
    case capture(WatchCapture)
    /// A process is watched from now on, or has ended; from a daemon only.
    case process(WatchProcess)
}

public struct WatchSample: Sendable, Hashable, Codable {
    public struct Heap: Sendable, Hashable, Codable {
        /// After the last full collection; at the start what is in use then.
        public var used: ByteCount
        public var limit: ByteCount
        public var fullCollections: Int?
        public var trend: Double?

        public init(used: ByteCount, limit: ByteCount, fullCollections: Int? = nil, trend: Double? = nil) {
            self.used = used
            self.limit = limit
            self.fullCollections = fullCollections
            self.trend = trend
        }
    }

    public var pid: ProcessID
    public var service: String?
    public var at: Timestamp
    public var rss: ByteCount
    public var use: ByteCount?
    public var limit: ByteCount?
    public var heap: Heap?

    public init(
        pid: ProcessID, service: String? = nil, at: Timestamp, rss: ByteCount, use: ByteCount? = nil, limit: ByteCount? = nil, heap: Heap? = nil
    ) {
        self.pid = pid
        self.service = service
        self.at = at
        self.rss = rss
        self.use = use
        self.limit = limit
        self.heap = heap
    }
}

public struct WatchCollection: Sendable, Hashable, Codable {
    public var pid: ProcessID
    public var service: String?
    public var at: Timestamp
    public var isolate: Int
    /// Seconds.
    public var duration: Double?
    public var heapUsed: ByteCount
    public var heapLimit: ByteCount
    /// In the words of the npm module node-memwatch.
    public var stats: [String: Double]

    public init(
        pid: ProcessID, service: String? = nil, at: Timestamp, isolate: Int, duration: Double?, heapUsed: ByteCount, heapLimit: ByteCount,
        stats: [String: Double]
    ) {
        self.pid = pid
        self.service = service
        self.at = at
        self.isolate = isolate
        self.duration = duration
        self.heapUsed = heapUsed
        self.heapLimit = heapLimit
        self.stats = stats
    }
}

public struct WatchLeak: Sendable, Hashable, Codable {
    public var pid: ProcessID
    public var service: String?
    public var at: Timestamp
    public var isolate: Int
    public var start: Timestamp
    public var end: Timestamp
    public var growth: ByteCount
    public var reason: String

    public init(
        pid: ProcessID, service: String? = nil, at: Timestamp, isolate: Int, start: Timestamp, end: Timestamp, growth: ByteCount, reason: String
    ) {
        self.pid = pid
        self.service = service
        self.at = at
        self.isolate = isolate
        self.start = start
        self.end = end
        self.growth = growth
        self.reason = reason
    }
}

public struct WatchCapture: Sendable, Hashable, Codable {
    public var pid: ProcessID
    public var service: String
    public var at: Timestamp
    public var id: SnapshotID
    /// A state of the record: docs/json.md, *States*.
    public var state: String
    /// docs/json.md, *Reasons*.
    public var reason: String
    /// With `refused`: docs/json.md, *Refusals*.
    public var refusal: String?

    public init(pid: ProcessID, service: String, at: Timestamp, id: SnapshotID, state: String, reason: String, refusal: String? = nil) {
        self.pid = pid
        self.service = service
        self.at = at
        self.id = id
        self.state = state
        self.reason = reason
        self.refusal = refusal
    }
}

public struct WatchProcess: Sendable, Hashable, Codable {
    public var pid: ProcessID
    public var service: String
    public var at: Timestamp
    /// `started` (to be watched) or `ended`.
    public var change: String

    public init(pid: ProcessID, service: String, at: Timestamp, change: String) {
        self.pid = pid
        self.service = service
        self.at = at
        self.change = change
    }
}

extension WatchEvent: Encodable {
    private struct Head: Encodable { var type: String }

    /// - Returns: nil where `type` is none of these.
    init?(type: String, from decoder: any Decoder) throws {
        switch type {
        case "sample": self = .sample(try WatchSample(from: decoder))
        case "gc": self = .collection(try WatchCollection(from: decoder))
        case "leak": self = .leak(try WatchLeak(from: decoder))
        case "capture": self = .capture(try WatchCapture(from: decoder))
        case "process": self = .process(try WatchProcess(from: decoder))
        default: return nil
        }
    }

    public func encode(to encoder: any Encoder) throws {
        let (type, body): (String, any Encodable) =
            switch self {
            case .sample(let sample): ("sample", sample)
            case .collection(let collection): ("gc", collection)
            case .leak(let leak): ("leak", leak)
            case .capture(let capture): ("capture", capture)
            case .process(let process): ("process", process)
            }
        try Head(type: type).encode(to: encoder)
        try body.encode(to: encoder)
    }
}
