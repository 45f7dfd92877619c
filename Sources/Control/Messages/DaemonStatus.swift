public import Units

/// The answer to `status`: what `heapsnapd status --json` prints.
public struct DaemonStatus: Sendable, Hashable, Codable {
    public struct Daemon: Sendable, Hashable, Codable {
        public var pid: ProcessID
        /// `0.1.0`
        public var version: String
        public var since: Timestamp

        public init(pid: ProcessID, version: String, since: Timestamp) {
            self.pid = pid
            self.version = version
            self.since = since
        }
    }

    /// A capture that waits for the one under way; the host takes one at a time.
    public struct Queued: Sendable, Hashable, Codable {
        public var service: String
        public var pid: ProcessID
        public var reason: String
        public var since: Timestamp

        public init(service: String, pid: ProcessID, reason: String, since: Timestamp) {
            self.service = service
            self.pid = pid
            self.reason = reason
            self.since = since
        }
    }

    /// The process that meets its limit first.
    public struct NextLimit: Sendable, Hashable, Codable {
        public var service: String
        public var pid: ProcessID
        /// Seconds.
        public var timeToLimit: Double
    }

    /// nil where none runs, and the command looked by itself.
    public var daemon: Daemon?
    /// How many of `processes` are watched.
    public var watching: Int
    /// nil: nothing grows.
    public var nextLimit: NextLimit?
    /// In the order in which they will be taken.
    public var queue: [Queued]
    public var processes: [Process]

    public init(daemon: Daemon?, queue: [Queued], processes: [Process]) {
        self.daemon = daemon
        self.queue = queue
        self.processes = processes
        watching = processes.count { $0.state != .unwatched }
        nextLimit = processes.compactMap { process in
            process.timeToLimit.map { NextLimit(service: process.service, pid: process.pid, timeToLimit: $0) }
        }
        .min { $0.timeToLimit < $1.timeToLimit }
    }
}

extension DaemonStatus {
    /// One row of the table. What is unknown is nil.
    public struct Process: Sendable, Hashable, Codable {
        /// From a later daemon there may be others.
        public struct State: RawRepresentable, Sendable, Hashable, Codable {
            public var rawValue: String
            public init(rawValue: String) { self.rawValue = rawValue }

            public static let watching = State(rawValue: "watching")
            /// A capture of it waits for its turn.
            public static let queued = State(rawValue: "queued")
            public static let capturing = State(rawValue: "capturing")
            /// Its rules rest: cooldown, or their count is used up for now.
            public static let throttled = State(rawValue: "throttled")
            /// The last wish was refused; it is made again later.
            public static let refused = State(rawValue: "refused")
            /// By nobody: there is no daemon, or no rule is for it.
            public static let unwatched = State(rawValue: "unwatched")
        }

        public struct LastCapture: Sendable, Hashable, Codable {
            public var id: SnapshotID
            public var at: Timestamp
            /// A state of the record: docs/json.md, *States*.
            public var state: String

            public init(id: SnapshotID, at: Timestamp, state: String) {
                self.id = id
                self.at = at
                self.state = state
            }
        }

        public var service: String
        public var pid: ProcessID
        /// User id that owns the process.
        public var owner: UInt32?
        public var unit: String?
        /// `v24.19.0`
        public var node: String?
        public var rss: ByteCount?
        /// Of the limit that is nearest: use and limit are the cgroup's, or V8's heap and its limit.
        public var use: ByteCount?
        public var limit: ByteCount?
        /// `cgroup` or `heap`.
        public var limitKind: String?
        /// Growth of the use in a second.
        public var trend: ByteCount?
        /// Seconds; nil where it does not grow.
        public var timeToLimit: Double?
        public var state: State
        public var lastCapture: LastCapture?
        /// Whether the agent is loaded.
        public var agent: Bool?

        public init(service: String, pid: ProcessID, state: State) {
            self.service = service
            self.pid = pid
            self.state = state
        }
    }
}
