public import Units

extension SnapshotRecord {
    /// `ProcessIdentity` in the record's spelling.
    public struct Instance: Codable, Sendable, Hashable {
        public var pid: ProcessID
        /// Clock ticks after boot.
        public var startTime: UInt64
        public var bootId: String

        public init(_ identity: ProcessIdentity) {
            pid = identity.pid
            startTime = identity.startTime
            bootId = identity.bootID
        }

        public var identity: ProcessIdentity { ProcessIdentity(pid: pid, startTime: startTime, bootID: bootId) }
    }

    public struct Node: Codable, Sendable, Hashable {
        /// `v20.20.2`.
        public var version: String?
        public var executable: String?
        public var arguments: [String]?
        /// V8's own limit.
        public var heapLimit: ByteCount?

        public init(version: String? = nil, executable: String? = nil, arguments: [String]? = nil, heapLimit: ByteCount? = nil) {
            self.version = version
            self.executable = executable
            self.arguments = arguments
            self.heapLimit = heapLimit
        }
    }

    public struct Host: Codable, Sendable, Hashable {
        public var hostname: String?
        public var cgroup: String?
        public var unit: String?
        public var container: String?
        /// The limit that mattered, and whose it is: a cgroup path, `v8`, `host`.
        public var limit: ByteCount?
        public var limitSource: String?

        public init(
            hostname: String? = nil, cgroup: String? = nil, unit: String? = nil, container: String? = nil, limit: ByteCount? = nil,
            limitSource: String? = nil
        ) {
            self.hostname = hostname
            self.cgroup = cgroup
            self.unit = unit
            self.container = container
            self.limit = limit
            self.limitSource = limitSource
        }
    }

    /// A process that could have been the one to capture.
    public struct Candidate: Codable, Sendable, Hashable {
        public var pid: ProcessID
        public var rss: ByteCount?
        public var chosen: Bool

        public init(pid: ProcessID, rss: ByteCount? = nil, chosen: Bool) {
            self.pid = pid
            self.rss = rss
            self.chosen = chosen
        }
    }
}
