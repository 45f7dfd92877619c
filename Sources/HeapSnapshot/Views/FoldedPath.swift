/// A shortest path from a node up to a root, the repeating parts of it folded: a closure chain of 24 links is one segment, 24 times.
public struct FoldedPath: Sendable, Hashable, Codable {
    public struct Step: Sendable, Hashable, Codable {
        /// Leads from `node` to the step before.
        public var edge: EdgeRow
        public var node: NodeRow

        public var text: String { "\(edge.text) of \(node.title) @\(node.id)" }
    }

    public struct Segment: Sendable, Hashable, Codable {
        /// Of the first repetition; empty where steps were left out.
        public var steps: [Step]
        public var times: Int
        /// References that were left out here, as the path has too many that do not repeat.
        public var omitted: Int

        /// `(previous) of (context) of leakMethod() @12, 24 times`.
        public var text: String {
            if omitted > 0 { return "… \(omitted) more …" }
            let path = steps.map(\.text).joined(separator: ", ")
            return times > 1 ? "\(path), \(times) times" : path
        }
    }

    public var segments: [Segment]
    /// References from the node to the root.
    public var length: Int
    /// Whether it ends at a user root, or at V8's own.
    public var endsAtUserRoot: Bool
}

/// Finds what repeats in a row of tokens.
enum Folding {
    struct Run: Equatable {
        var start: Int
        /// Tokens of one repetition.
        var period: Int
        var times: Int
    }

    /// A closure chain has 3 or 4 references a link, a linked list of promises 5.
    static let longestPeriod = 8

    /// From the left, at each place the period that covers the most. Cost: at most `longestPeriod` comparisons a token.
    ///
    /// - Parameter fewestTimes: that count as repeating. Twice is what any list of two looks like.
    static func runs(_ tokens: [UInt64], fewestTimes: Int = 3) -> [Run] {
        var runs: [Run] = []
        var at = 0
        while at < tokens.count {
            var best = Run(start: at, period: 1, times: 1)
            for period in 1...longestPeriod where at + period * fewestTimes <= tokens.count {
                var end = at + period
                while end < tokens.count, tokens[end] == tokens[end - period] { end += 1 }
                let times = (end - at) / period
                if times >= fewestTimes, times * period > best.times * best.period { best = Run(start: at, period: period, times: times) }
            }
            runs.append(best)
            at += best.period * best.times
        }
        return runs
    }
}

extension SnapshotViews {
    /// Segments of a path that are shown from either end of it.
    private static let mostSegments = 60

    /// Cost: 10 ns a reference, and as `Retainers` once. Where the way goes on is not part of it: a path ends at the first root.
    ///
    /// - Returns: nil where no reference leads to the node.
    public func shortestPath(of node: Int) -> FoldedPath? {
        guard graph.distance(of: node) >= 0 else { return nil }
        let references = references(above: node)
        let tokens = references.map(token)
        return folded(references, Folding.runs(tokens))
    }

    /// From the node upwards.
    func references(above node: Int) -> [ShortestPaths.Reference] {
        var references: [ShortestPaths.Reference] = []
        references.reserveCapacity(min(parents.length(to: node), 1 << 20))
        var at = node
        while let reference = parents.reference(to: at) {
            references.append(reference)
            at = reference.source
        }
        return references
    }

    /// Equal for references of one kind and name from nodes of one class: of elements the number does not count.
    func token(_ reference: ShortestPaths.Reference) -> UInt64 {
        let kind = snapshot.columns.edgeKind(reference.edge)
        let isNumbered = kind == EdgeKind.element || kind == EdgeKind.hidden
        let label = isNumbered ? 0 : snapshot.columns.label[reference.edge] & SnapshotColumns.labelMask
        // A closure is its function, not just a `Function`.
        let source = reference.source
        let isClosure = snapshot.columns.kind[source] == NodeKind.closure
        let what = isClosure ? snapshot.columns.name[source] | 1 << 31 : classes.classOf[source]
        return UInt64(what) << 32 | UInt64(kind << SnapshotColumns.labelBits | label)
    }

    func folded(_ references: [ShortestPaths.Reference], _ runs: [Folding.Run]) -> FoldedPath {
        func segment(_ run: Folding.Run) -> FoldedPath.Segment {
            let steps = references[run.start..<run.start + run.period].map { FoldedPath.Step(edge: row(edge: $0.edge), node: row($0.source)) }
            return FoldedPath.Segment(steps: steps, times: run.times, omitted: 0)
        }
        var segments: [FoldedPath.Segment]
        if runs.count > 2 * Self.mostSegments {
            let last = runs[runs.count - Self.mostSegments]
            let omitted = last.start - runs[Self.mostSegments].start
            segments = runs.prefix(Self.mostSegments).map(segment)
            segments.append(FoldedPath.Segment(steps: [], times: 1, omitted: omitted))
            segments += runs.suffix(Self.mostSegments).map(segment)
        } else {
            segments = runs.map(segment)
        }
        let root = references.last?.source
        return FoldedPath(segments: segments, length: references.count, endsAtUserRoot: root.map { graph.distance(of: $0) == 1 } ?? false)
    }
}
