/// Why the members of a class are alive: their shortest paths to the roots, those that differ only in numbers and repetitions as one.
public struct ClassPaths: Sendable, Hashable, Codable {
    public struct Group: Sendable, Hashable, Codable {
        /// Of the member that is the farthest from a root, so that a chain is seen in its length; of several the one that retains the most.
        public var path: FoldedPath
        public var example: NodeRow
        /// Of the members that were looked at.
        public var count: Int
        public var shallowBytes: UInt64
        /// Of those that no other one of the group dominates; what groups retain can overlap.
        public var retainedBytes: UInt64
        /// References of the shortest and of the longest path.
        public var shortest: Int
        public var longest: Int
    }
    public var className: String
    /// The most members first.
    public var groups: [Group]
    public var groupCount: Int
    public var members: Int
    /// Members that were looked at: evenly over the class in the snapshot's order, and fewer than 10,000 where paths are very long.
    public var sampled: Int
    /// Of those that were looked at, the ones that nothing leads to.
    public var unreached: Int
}

extension SnapshotViews {
    private static let mostSampled = 10_000
    /// References that all paths together may have: 100 ns each in a list of two million, whose links lie apart in memory.
    private static let mostReferences = 5_000_000

    /// Cost: as `Retainers` once, 10 µs a member, and at most 0.5 s for long paths.
    ///
    /// - Parameter limit: of groups; 0: all.
    public func paths(ofClass name: ClassMatch, limit: Int = 10) -> ClassPaths {
        paths(ofClass: name, limit: limit, mostReferences: Self.mostReferences)
    }

    func paths(ofClass name: ClassMatch, limit: Int, mostReferences: Int) -> ClassPaths {
        let members = nodes(of: name)
        let sample = sample(of: members, mostReferences)
        var groups: [PathGroup] = []
        var bySignature: [[UInt64]: Int] = [:]
        var groupOf: [Int: Int] = [:]
        var unreached = 0
        for node in sample {
            guard graph.distance(of: node) >= 0 else {
                unreached += 1
                continue
            }
            let references = references(above: node)
            let tokens = references.map(token)
            // How long a chain is makes no difference, and be it one link.
            let signature = Folding.runs(tokens, fewestTimes: 2).flatMap { tokens[$0.start..<$0.start + $0.period] }
            let group = bySignature[signature] ?? groups.count
            if group == groups.count { groups.append(PathGroup(order: group, example: node)) }
            bySignature[signature] = group
            groupOf[node] = group
            groups[group].add(node, length: references.count, graph)
        }
        addRetained(groupOf, to: &groups)
        let sorted = groups.sorted { ($1.count, $0.order) < ($0.count, $1.order) }
        return ClassPaths(
            className: name.name,
            groups: (limit > 0 ? Array(sorted.prefix(limit)) : sorted).map(shown), groupCount: sorted.count, members: members.count,
            sampled: sample.count, unreached: unreached)
    }

    private func shown(_ group: PathGroup) -> ClassPaths.Group {
        let references = references(above: group.example)
        return ClassPaths.Group(
            path: folded(references, Folding.runs(references.map(token))), example: row(group.example), count: group.count,
            shallowBytes: group.shallowBytes, retainedBytes: group.retainedBytes, shortest: group.shortest, longest: group.longest)
    }

    private func sample(of members: [Int], _ mostReferences: Int) -> [Int] {
        func every(_ wanted: Int) -> [Int] {
            guard members.count > wanted, wanted > 0 else { return members }
            return (0..<wanted).map { members[$0 * members.count / wanted] }
        }
        let sample = every(Self.mostSampled)
        let references = sample.reduce(0) { $0 + parents.length(to: $1) }
        guard references > mostReferences else { return sample }
        return every(max(1, sample.count * mostReferences / references))
    }

    /// What the members of a group retain that no other of them dominates.
    private func addRetained(_ groupOf: [Int: Int], to groups: inout [PathGroup]) {
        let isMember = NodeSet(nodeCount: snapshot.nodeCount)
        for node in groupOf.keys { isMember.insert(node) }
        // By ordinal, one more than the nearest dominator that is a member; 0: not known; .max: none.
        let nearestColumn = Column<UInt32>(snapshot.nodeCount)
        defer { nearestColumn.free() }
        let (nearest, dominator) = (nearestColumn.pointer, graph.dominators.pointer)
        func nearestMember(above node: Int) -> Int? {
            var way: [Int] = []
            var (at, found) = (node, UInt32.max)
            while at != 0 {
                if nearest[at] != 0 {
                    found = nearest[at]
                    break
                }
                way.append(at)
                at = Int(dominator[at])
                if isMember.contains(at) {
                    found = UInt32(at + 1)
                    break
                }
            }
            for passed in way { nearest[passed] = found }
            return found == .max ? nil : Int(found) - 1
        }
        for (node, group) in groupOf {
            var above = nearestMember(above: node)
            while let at = above, groupOf[at] != group { above = nearestMember(above: at) }
            if above == nil { groups[group].retainedBytes &+= graph.retainedSize(of: node) }
        }
    }
}

private struct PathGroup {
    /// In which it was met.
    var order: Int
    var example: Int
    var count = 0
    var shallowBytes: UInt64 = 0
    var retainedBytes: UInt64 = 0
    var shortest = Int.max
    var longest = 0
    private var largest: UInt64 = 0

    init(order: Int, example: Int) { (self.order, self.example) = (order, example) }

    mutating func add(_ node: Int, length: Int, _ graph: SnapshotGraph) {
        let retained = graph.retainedSize(of: node)
        if count == 0 || (length, retained) > (longest, largest) { (example, largest) = (node, retained) }
        count += 1
        shallowBytes &+= graph.shallowSize(of: node)
        (shortest, longest) = (min(shortest, length), max(longest, length))
    }
}
