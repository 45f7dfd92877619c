public import Units

extension SnapshotRecord {
    /// Memory at one instant.
    public struct Sample: Codable, Sendable, Hashable {
        public var at: Timestamp
        /// Of the cgroup, less what can be reclaimed.
        public var use: ByteCount?
        public var limit: ByteCount?
        public var rss: ByteCount?
        public var heap: ByteCount?

        public init(at: Timestamp, use: ByteCount? = nil, limit: ByteCount? = nil, rss: ByteCount? = nil, heap: ByteCount? = nil) {
            self.at = at
            self.use = use
            self.limit = limit
            self.rss = rss
            self.heap = heap
        }
    }

    public struct Samples: Codable, Sendable, Hashable {
        public var before: [Sample]
        public var after: [Sample]

        public init(before: [Sample] = [], after: [Sample] = []) {
            self.before = before
            self.after = after
        }
    }

    /// What admission expected of the capture.
    public struct Prediction: Codable, Sendable, Hashable {
        public var heap: ByteCount?
        /// Memory on top of the use before.
        public var extra: ByteCount?
        public var pause: Seconds?

        public init(heap: ByteCount? = nil, extra: ByteCount? = nil, pause: Seconds? = nil) {
            self.heap = heap
            self.extra = extra
            self.pause = pause
        }
    }

    /// What it took.
    public struct Actual: Codable, Sendable, Hashable {
        /// Highest use seen while it ran.
        public var peak: ByteCount?
        /// How long the service stood still.
        public var pause: Seconds?
        /// From the request to the stored file.
        public var duration: Seconds?
        public var bytes: ByteCount?
        /// Highest use of the copy's own cgroup.
        public var copyPeak: ByteCount?
        /// Pages that the service wrote to while its copy lived, and paid for once more: at most so much.
        public var rewritten: ByteCount?
        /// How often a copy was made until one got through.
        public var attempts: Int?

        public init(peak: ByteCount? = nil, pause: Seconds? = nil, duration: Seconds? = nil, bytes: ByteCount? = nil) {
            self.peak = peak
            self.pause = pause
            self.duration = duration
            self.bytes = bytes
        }
    }

    /// A limit that was raised for the capture.
    public struct Loan: Codable, Sendable, Hashable {
        /// cgroup path or unit.
        public var lender: String
        public var from: ByteCount
        public var to: ByteCount
        public var takenAt: Timestamp?
        public var returnedAt: Timestamp?

        public init(lender: String, from: ByteCount, to: ByteCount, takenAt: Timestamp? = nil, returnedAt: Timestamp? = nil) {
            self.lender = lender
            self.from = from
            self.to = to
            self.takenAt = takenAt
            self.returnedAt = returnedAt
        }
    }
}
