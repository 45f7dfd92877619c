/// What the page of one snapshot shows, or that of a snapshot compared with an earlier one: `write` makes the page of it.
///
/// Facts, trajectory, suspects and comparison are the caller's; what it puts there is shown, escaped, whatever `showsStrings` was.
public struct Report: Sendable, Hashable {
    /// The file's name or the snapshot's id.
    public var title: String
    /// Service, process, Node version, time, size of the file: what is known.
    public var facts: [Fact] = []
    /// What the reader must know before believing the rest: that the snapshot ends early.
    public var warnings: [String] = []
    /// The service's memory up to the capture; empty: not known.
    public var trajectory: [Sample] = []
    /// nil: nobody looked for any.
    public var suspects: [Suspect]?
    public var comparison: Comparison?

    public var nodeCount: Int
    public var edgeCount: Int
    public var totalBytes: UInt64
    public var statistics: SnapshotStatistics
    public var classes: [ClassSummary]
    public var retained: RetainedTree

    /// - Parameters:
    ///   - title: the file's name or the snapshot's id.
    ///   - showsStrings: whether contents of the heap's strings may be on the page. Names of classes, functions and properties always are.
    ///
    /// Cost: that of `summary` and `statistics`, and 20 ns a node.
    public init(_ graph: SnapshotGraph, title: String, showsStrings: Bool = false) {
        let classes = graph.classes()
        self.title = title
        (nodeCount, edgeCount, totalBytes) = (graph.snapshot.nodeCount, graph.snapshot.edgeCount, graph.totalBytes)
        statistics = graph.statistics()
        self.classes = graph.summary(classes, Grouping(classes))
        retained = RetainedTree(graph, classes, showsStrings: showsStrings)
        if let truncation = graph.snapshot.truncation {
            warnings.append("The snapshot ends early (\(truncation)). What is shown is what it holds; sizes and distances are of that part only.")
        }
    }

    public struct Fact: Sendable, Hashable, Codable {
        public var label: String
        public var value: String
        public init(_ label: String, _ value: String) { (self.label, self.value) = (label, value) }
    }

    /// The service's memory at one time.
    public struct Sample: Sendable, Hashable, Codable {
        /// From any start; negative ones may be those before the capture.
        public var seconds: Double
        public var useBytes: UInt64
        /// nil: there was none, or it is not known.
        public var limitBytes: UInt64?
        public init(seconds: Double, useBytes: UInt64, limitBytes: UInt64? = nil) {
            (self.seconds, self.useBytes, self.limitBytes) = (seconds, useBytes, limitBytes)
        }
    }

    public struct Suspect: Sendable, Hashable, Codable {
        public var title: String
        /// One or more sentences: what it is, and why it is suspected.
        public var sentence: String
        public var bytes: UInt64
        /// Of the whole heap, 0...1.
        public var share: Double
        /// How sure, 0...1.
        public var confidence: Double
        /// From the root to it, a step each.
        public var path: [String]
        /// Where in the source to look: `/srv/shop/cache.js:12:7`.
        public var location: String?
        public init(title: String, sentence: String, bytes: UInt64, share: Double, confidence: Double, path: [String] = [], location: String? = nil) {
            (self.title, self.sentence, self.bytes, self.share, self.confidence) = (title, sentence, bytes, share, confidence)
            (self.path, self.location) = (path, location)
        }
    }

    /// What changed from an earlier snapshot to this one.
    public struct Comparison: Sendable, Hashable, Codable {
        /// The earlier one's file or id.
        public var base: String
        /// How objects of both were told to be the same one, as a sentence.
        public var identity: String?
        public var changes: [Change]
        public init(base: String, identity: String? = nil, changes: [Change]) { (self.base, self.identity, self.changes) = (base, identity, changes) }
    }

    /// A row of the Comparison view. Where objects could not be told apart, only the deltas are known.
    public struct Change: Sendable, Hashable, Codable {
        public var name: String
        public var added: Int?
        public var removed: Int?
        public var delta: Int
        public var allocatedBytes: UInt64?
        public var freedBytes: UInt64?
        public var sizeDelta: Int64
        public init(name: String, added: Int?, removed: Int?, delta: Int, allocatedBytes: UInt64?, freedBytes: UInt64?, sizeDelta: Int64) {
            (self.name, self.added, self.removed, self.delta) = (name, added, removed, delta)
            (self.allocatedBytes, self.freedBytes, self.sizeDelta) = (allocatedBytes, freedBytes, sizeDelta)
        }
    }
}
