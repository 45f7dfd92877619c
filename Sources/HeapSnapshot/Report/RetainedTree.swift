/// The upper part of the dominator tree, made small enough to be looked at: the members of one class below one parent are one item, and what is
/// below a share of the heap is left out.
public struct RetainedTree: Sendable, Hashable, Codable {
    /// What to paint a tile like.
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable { case object, function, array, string, native, code, system }

    public struct Step: Sendable, Hashable, Codable {
        /// `property: class`, `class × count`.
        public var name: String
        /// Of one object.
        public var id: UInt32?
    }

    public struct Item: Sendable, Hashable, Codable {
        /// Class, or what V8 calls it; functions as `name()`.
        public var name: String
        /// The property or variable of its dominator that refers to it; for one object only.
        public var property: String?
        /// A string's beginning, where strings are shown.
        public var text: String?
        public var kind: Kind
        public var count: Int
        /// Of one object.
        public var id: UInt32?
        public var retainedBytes: UInt64
        /// What is below it and holds nearly all of it, level by level; these levels have no items of their own.
        public var below: [Step] = []
        /// How many levels that are; more than steps where the way is long.
        public var levelsBelow = 0
        public var children: [Item] = []
        /// Objects below that are too small to be items, with what they dominate.
        public var restCount = 0
        public var restBytes: UInt64 = 0
    }

    public var totalBytes: UInt64
    /// Below the root; largest first.
    public var items: [Item]
    public var restCount: Int
    public var restBytes: UInt64
}

extension RetainedTree {
    /// - Parameter threshold: share of the heap that an item must have; 0.002 is a tile of 34 by 34 pixels of 1040 by 560.
    ///
    /// Cost: each node is looked at twice at most, and only below what is shown.
    init(_ graph: SnapshotGraph, _ classes: ClassTable, showsStrings: Bool, threshold: Double = 0.002) {
        var search = RetainedSearch(graph, classes, showsStrings: showsStrings, threshold: max(1, UInt64(Double(graph.totalBytes) * threshold)))
        totalBytes = graph.totalBytes
        let root = search.level(below: [0])
        (restCount, restBytes) = (root.restCount, root.restBytes)
        items = root.groups.map { search.item($0, level: 1) }
        search.free()
    }
}

/// Walks down the dominator tree, with sets of nodes in place of nodes.
private struct RetainedSearch {
    /// Members of a parent, or of several parents that are one item.
    struct Group {
        var members: [UInt32]
        var bytes: UInt64
    }

    struct Level {
        var groups: [Group] = []
        var restCount = 0
        var restBytes: UInt64 = 0
    }

    private let graph: SnapshotGraph, classes: ClassTable, tree: DominatedNodes
    private let showsStrings: Bool, threshold: UInt64
    /// By key: bytes and members of the level that is looked at; 0 in between.
    private let bytes: Column<UInt64>, count: Column<UInt32>
    private let array: UInt32?
    /// Items that may still be made: 600 are a page of 250 kB, and more than anybody looks at.
    private var left = 600

    /// Deeper levels have no room on a screen.
    private static let deepest = 10
    /// From this share on a level adds nothing but its name.
    private static let nearlyAll = 0.9
    /// Two rounds of a chain whose links have four parts: class, method, context, collection.
    private static let mostNames = 8

    init(_ graph: SnapshotGraph, _ classes: ClassTable, showsStrings: Bool, threshold: UInt64) {
        (self.graph, self.classes, self.showsStrings, self.threshold) = (graph, classes, showsStrings, threshold)
        tree = DominatedNodes(graph)
        let keys = classes.names.count + 2 * (graph.snapshot.strings.count + 1)
        (bytes, count) = (Column(keys), Column(keys))
        array = graph.snapshot.strings.index(of: "Array")
    }

    func free() {
        bytes.free()
        count.free()
    }

    /// What makes nodes one item: the class; for functions and V8's own things the name, as the class of all those is one.
    @inline(__always)
    private func key(_ node: Int) -> Int {
        let names = graph.snapshot.strings.count
        return switch graph.snapshot.columns.kind[node] {
        case NodeKind.closure: classes.names.count + min(Int(graph.snapshot.columns.name[node]), names)
        // A function's code has its name, too; those of the other types are never alike.
        case NodeKind.hidden, NodeKind.array, NodeKind.code, NodeKind.synthetic:
            classes.names.count + names + 1 + min(Int(graph.snapshot.columns.name[node]), names)
        default: Int(classes.classOf[node])
        }
    }

    /// The children of all of `members`: those above the threshold each alone, the others by their key where together they are above it.
    func level(below members: [UInt32]) -> Level {
        let retained = graph.retained.pointer
        var level = Level()
        var keys: [Int] = []
        for member in members {
            for at in tree.children(of: Int(member)) {
                let node = Int(tree.nodes.pointer[at])
                if retained[node] >= threshold {
                    level.groups.append(Group(members: [UInt32(node)], bytes: retained[node]))
                    continue
                }
                let key = key(node)
                if count[key] == 0 { keys.append(key) }
                count[key] &+= 1
                bytes[key] &+= retained[node]
            }
        }
        var groupOf: [Int: Int] = [:]
        for key in keys {
            if bytes[key] >= threshold {
                groupOf[key] = level.groups.count
                var group = Group(members: [], bytes: bytes[key])
                group.members.reserveCapacity(Int(count[key]))
                level.groups.append(group)
            } else {
                level.restCount += Int(count[key])
                level.restBytes &+= bytes[key]
            }
            (bytes[key], count[key]) = (0, 0)
        }
        if !groupOf.isEmpty {
            for member in members {
                for at in tree.children(of: Int(member)) {
                    let node = Int(tree.nodes.pointer[at])
                    if retained[node] < threshold, let group = groupOf[key(node)] { level.groups[group].members.append(UInt32(node)) }
                }
            }
        }
        level.groups.sort { ($1.bytes, $0.members[0]) < ($0.bytes, $1.members[0]) }
        return level
    }

    mutating func item(_ group: Group, level depth: Int) -> RetainedTree.Item {
        left -= 1
        var item = described(group)
        var next = level(below: group.members)
        // The way down a chain: a level that holds nearly all of the one above it is only a name.
        var above = group.bytes
        while let first = next.groups.first, Double(first.bytes) >= Self.nearlyAll * Double(above),
            next.groups.count == 1 || first.bytes >= group.bytes / 2
        {
            item.levelsBelow += 1
            if item.below.count < Self.mostNames { item.below.append(step(described(first))) }
            above = first.bytes
            next = level(below: first.members)
        }
        (item.restCount, item.restBytes) = (next.restCount, next.restBytes)
        for group in next.groups {
            if depth < Self.deepest, left > 0 {
                item.children.append(self.item(group, level: depth + 1))
            } else {
                item.restCount += group.members.count
                item.restBytes &+= group.bytes
            }
        }
        return item
    }

    private func step(_ item: RetainedTree.Item) -> RetainedTree.Step {
        let name = (item.property.map { "\($0): \(item.name)" } ?? item.name) + (item.count > 1 ? " × \(item.count.grouped)" : "")
        return RetainedTree.Step(name: name, id: item.id)
    }

    private func described(_ group: Group) -> RetainedTree.Item {
        let node = Int(group.members[0])
        let snapshot = graph.snapshot
        let name =
            switch snapshot.columns.kind[node] {
            case NodeKind.closure: snapshot.name(of: node).isEmpty ? "(anonymous function)" : "\(snapshot.name(of: node).shortened(200))()"
            case NodeKind.hidden, NodeKind.array, NodeKind.code, NodeKind.synthetic: snapshot.name(of: node)
            default: classes.names[Int(classes.classOf[node])]
            }
        var item = RetainedTree.Item(name: name.shortened(200), kind: kind(node), count: group.members.count, retainedBytes: group.bytes)
        if item.name.isEmpty { item.name = "(\(snapshot.kindName(of: node)))" }
        if group.members.count == 1 {
            item.id = snapshot.id(of: node)
            item.property = property(of: node)
            if showsStrings, isText(node) { item.text = snapshot.name(of: node).shortened(80) }
        }
        return item
    }

    /// The name by which its dominator refers to it. Other edges have names that can hold contents of strings: those of a WeakMap's entry do.
    private func property(of node: Int) -> String? {
        let columns = graph.snapshot.columns
        let dominator = Int(graph.dominators[node])
        // A property that is one of many tells nothing; and a table of a million entries is not to be searched for each of them.
        for edge in graph.snapshot.edges(of: dominator).prefix(10_000) where Int(columns.target[edge]) == node {
            let kind = columns.edgeKind(edge)
            guard kind == EdgeKind.property || kind == EdgeKind.context else { continue }
            return graph.snapshot.strings.text(Int(columns.edgeLabel(edge))).shortened(80)
        }
        return nil
    }

    /// V8 gives some of its own the type of an object; a context is where a function keeps its variables.
    private func kind(ofObject name: String) -> RetainedTree.Kind {
        guard name.hasPrefix("system / ") else { return .object }
        return name == "system / Context" ? .function : .system
    }

    private func isText(_ node: Int) -> Bool {
        let kind = graph.snapshot.columns.kind[node]
        return kind == NodeKind.string || kind == NodeKind.slicedString
    }

    private func kind(_ node: Int) -> RetainedTree.Kind {
        switch graph.snapshot.columns.kind[node] {
        case NodeKind.object where graph.snapshot.columns.name[node] == array: .array
        case NodeKind.object: kind(ofObject: classes.names[Int(classes.classOf[node])])
        case NodeKind.closure: .function
        case NodeKind.array: .array
        case NodeKind.string, NodeKind.concatenatedString, NodeKind.slicedString: .string
        case NodeKind.native: .native
        case NodeKind.code: .code
        case NodeKind.hidden, NodeKind.synthetic, NodeKind.objectShape: .system
        default: .object
        }
    }
}
