/// The dominator tree with what is alike put together: children of one group that are held by an edge of the same name and are of the same class are one
/// group. What comes back below itself (a list's next, the context of a closure that holds the previous one) goes into the group that it repeats, so that
/// the tree stays flat however long a chain is.
///
/// Groups are the same in two snapshots of one program whatever its object ids, as they are known by names only.
/// Cost: 80 ns a node; 8 bytes a node are kept, and at most `mostGroups` groups.
struct GroupTree {
    struct Key: Hashable {
        var parent: UInt32
        /// Index of a string, or one of `Label`.
        var label: UInt32
        var kind: UInt8
        /// Index of a string; `Label.none` where a node's own name does not matter.
        var name: UInt32
        /// Of the nearest that refers to it, where the dominator does not itself; `Label.none` else.
        var retainer: UInt32 = Label.none
    }

    struct Group {
        var key: Key
        var children: [UInt32] = []
        var count = 0
        /// Members that did not come back below another one.
        var entered = 0
        var shallowBytes: UInt64 = 0
        /// Of all members and all that is below them; each node counts once.
        var retainedBytes: UInt64 = 0
        /// The member that is nearest to the root.
        var nearest: UInt32 = 0
        /// What the member that retains most retains.
        var largestBytes: UInt64 = 0
        /// How often the longest chain came back to this group, and the member at its end.
        var depth: UInt32 = 0
        var deepest: UInt32 = 0
    }

    enum Label {
        /// Nothing to say.
        static let none = UInt32.max
        static let element = UInt32.max - 1
        static let key = UInt32.max - 2
        static let entry = UInt32.max - 3
        static let first = entry
    }

    /// 160 bytes each: 42 MB. What comes then counts as its dominator's group.
    static let mostGroups = 1 << 18
    /// How many levels up a repetition is looked for: the closure chain has 3.
    private static let longestPeriod = 8

    private(set) var groups: [Group] = []
    private(set) var index: [Key: UInt32] = [:]
    let groupOf: Column<UInt32>
    private let mostGroups: Int

    init(_ graph: SnapshotGraph, _ holding: HoldingEdges, mostGroups: Int = GroupTree.mostGroups) {
        self.mostGroups = mostGroups
        let snapshot = graph.snapshot
        let links = Links(snapshot.columns)
        let count = links.nodeCount
        groupOf = Column(count)
        let group = groupOf.pointer
        groups = [Group(key: Key(parent: 0, label: Label.none, kind: links.kind[0], name: Label.none))]
        var labels = EdgeLabels(graph)
        let tree = DominatedNodes(graph)
        let depthColumn = Column<UInt32>(count)
        defer { depthColumn.free() }
        let depth = depthColumn.pointer
        let cell = graph.contextCell
        var stack = NodeStack(count)
        stack.push(0)
        while let node = stack.pop() {
            let parent = group[node]
            // Siblings are often alike.
            var (last, lastGroup, lastFolds) = (Key(parent: .max, label: 0, kind: 0, name: 0), UInt32(0), UInt32(0))
            for at in tree.children(of: node) {
                let child = Int(tree.nodes.pointer[at])
                let kind = links.kind[child]
                if links.name[child] == cell {
                    group[child] = parent
                    depth[child] = depth[node]
                    stack.push(child)
                    continue
                }
                var key = Key(parent: parent, label: Label.none, kind: kind, name: GroupTree.name(kind, links.name[child]))
                if holding.fromDominator.pointer[child] != 0 {
                    // What a cell holds is its variable's.
                    let isInCell = links.name[node] == cell && holding.fromDominator.pointer[node] != 0
                    let holder = isInCell ? Int(graph.dominators.pointer[node]) : node
                    key.label = labels.of(holding.fromDominator.pointer[isInCell ? node : child], from: holder)
                } else if holding.fromNearer.pointer[child] != 0 {
                    var place = holding.fromNearer.pointer[child]
                    var retainer = links.source(of: Int(place) - 1)
                    if links.name[retainer] == cell, holding.fromNearer.pointer[retainer] != 0 {
                        place = holding.fromNearer.pointer[retainer]
                        retainer = links.source(of: Int(place) - 1)
                    }
                    key.label = labels.of(place, from: retainer)
                    key.retainer = GroupTree.name(links.kind[retainer], links.name[retainer])
                    if key.retainer == Label.none { key.retainer = Label.element }
                }
                if key != last {
                    lastGroup = find(key)
                    lastFolds = groups[Int(lastGroup)].key != key && GroupTree.areAlike(groups[Int(lastGroup)].key, key) ? 1 : 0
                    last = key
                }
                group[child] = lastGroup
                depth[child] = depth[node] &+ lastFolds
                if lastFolds == 0 { groups[Int(lastGroup)].entered &+= 1 }
                stack.push(child)
            }
        }
        addUp(graph, depth)
        withExtendedLifetime(graph) {}
    }

    /// Strings, code and arrays are named by what is in them; the class says enough.
    @inline(__always)
    private static func name(_ kind: UInt8, _ name: UInt32) -> UInt32 {
        switch kind {
        case NodeKind.object, NodeKind.native, NodeKind.closure, NodeKind.hidden, NodeKind.synthetic: min(name, Label.first - 1)
        default: Label.none
        }
    }

    private mutating func find(_ key: Key) -> UInt32 {
        if let known = index[key] { return known }
        if let repeated = repetition(key) {
            if index.count < 2 * mostGroups { index[key] = repeated }
            return repeated
        }
        guard groups.count < mostGroups else { return key.parent }
        let new = UInt32(groups.count)
        groups.append(Group(key: key))
        groups[Int(key.parent)].children.append(new)
        index[key] = new
        return new
    }

    /// The group that a new one would repeat: one period up, where the whole period before is the same. A single name that comes again says nothing.
    private func repetition(_ key: Key) -> UInt32? {
        var (line, at): ([UInt32], UInt32) = ([], key.parent)
        while line.count < 2 * GroupTree.longestPeriod, at != 0 {
            line.append(at)
            at = groups[Int(at)].key.parent
        }
        for period in 1...GroupTree.longestPeriod where 2 * period - 1 <= line.count {
            guard GroupTree.areAlike(key, groups[Int(line[period - 1])].key) else { continue }
            if (0..<period - 1).allSatisfy({ GroupTree.areAlike(groups[Int(line[$0])].key, groups[Int(line[$0 + period])].key) }) {
                return line[period - 1]
            }
        }
        return nil
    }

    /// Those of the groups that are of the first one's class: values without their keys.
    func alike(_ members: [Int]) -> [Int] {
        members.filter { groups[$0].key.kind == groups[members[0]].key.kind && groups[$0].key.name == groups[members[0]].key.name }
    }

    private static func areAlike(_ a: Key, _ b: Key) -> Bool {
        a.label == b.label && a.kind == b.kind && a.name == b.name && a.retainer == b.retainer
    }

    private mutating func addUp(_ graph: SnapshotGraph, _ depth: UnsafePointer<UInt32>) {
        let (group, distance) = (groupOf.pointer, graph.distances.pointer)
        let (name, cell) = (graph.snapshot.columns.name.pointer, graph.contextCell)
        groups.withUnsafeMutableBufferPointer { groups in
            for node in 0..<graph.snapshot.nodeCount {
                let at = Int(group[node])
                if name[node] == cell {
                    groups[at].shallowBytes &+= graph.sizes.size(node)
                    continue
                }
                let place = UInt32(truncatingIfNeeded: node)
                // What nothing reaches has a distance below 0: last of all.
                if groups[at].count == 0 || UInt32(bitPattern: distance[node]) < UInt32(bitPattern: distance[Int(groups[at].nearest)]) {
                    groups[at].nearest = place
                }
                groups[at].count &+= 1
                groups[at].largestBytes = max(groups[at].largestBytes, graph.retained.pointer[node])
                groups[at].shallowBytes &+= graph.sizes.size(node)
                if depth[node] >= groups[at].depth { (groups[at].depth, groups[at].deepest) = (depth[node], place) }
            }
            // A group comes behind its parent.
            for at in groups.indices.reversed() {
                groups[at].retainedBytes &+= groups[at].shallowBytes
                if at > 0 { groups[Int(groups[at].key.parent)].retainedBytes &+= groups[at].retainedBytes }
            }
        }
    }
}

/// What an edge is called where its number or its key does not matter.
struct EdgeLabels {
    private let graph: SnapshotGraph
    private let links: Links
    /// By a string's index: 0 not looked at, 1 a name, 2 a number.
    private let isNumber: Column<UInt8>
    /// An object with more properties is a dictionary, whose keys do not matter.
    static let mostProperties = 64

    init(_ graph: SnapshotGraph) {
        self.graph = graph
        links = Links(graph.snapshot.columns)
        isNumber = Column(graph.snapshot.strings.count)
    }

    /// - Parameter place: of an edge, plus 1.
    mutating func of(_ place: UInt32, from node: Int) -> UInt32 {
        guard place > 0 else { return GroupTree.Label.none }
        let edge = Int(place) - 1
        let kind = links.edgeKind(edge)
        if kind == EdgeKind.element || kind == EdgeKind.hidden { return GroupTree.Label.element }
        let string = graph.snapshot.columns.edgeLabel(edge)
        // The global object has many, too: its names do matter.
        if kind == EdgeKind.property, links.edges(node).count > EdgeLabels.mostProperties, graph.distances.pointer[node] > 2 {
            return GroupTree.Label.key
        }
        guard kind == EdgeKind.internal else { return min(string, GroupTree.Label.first - 1) }
        if graph.names.weakMapPairs[string] != nil { return GroupTree.Label.entry }
        guard string < graph.snapshot.strings.count else { return GroupTree.Label.element }
        if isNumber.pointer[Int(string)] == 0 {
            isNumber.pointer[Int(string)] = graph.snapshot.strings.raw(Int(string)).allSatisfy { (0x30...0x39).contains($0) } ? 2 : 1
        }
        return isNumber.pointer[Int(string)] == 2 ? GroupTree.Label.element : string
    }
}

extension SnapshotGraph {
    /// Name of what stands between a context and a variable's value in Node 26, in some contexts of a function and not in others (V8 14: the interpreter
    /// makes it, optimised code does not): groups and paths look through it.
    var contextCell: UInt32 { snapshot.strings.index(of: "system / ContextCell") ?? .max }
}
