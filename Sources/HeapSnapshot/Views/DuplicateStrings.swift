/// Strings that the heap holds more than once.
public struct DuplicatedStrings: Sendable, Hashable, Codable {
    public struct Row: Sendable, Hashable, Codable {
        /// Its beginning: data of the service.
        public var value: String
        /// UTF-16 units, of a longer one those that the snapshot has (1,024, and of a rope up to 2,047).
        public var length: Int
        public var count: Int
        public var shallowBytes: UInt64
        public var retainedBytes: UInt64
        /// What all copies but the largest retain.
        public var savedBytes: UInt64
    }

    /// By retained size, the largest first. A rope retains its parts, which may be duplicates themselves: rows overlap.
    public var strings: [Row]
    /// How many different ones there are, shown or not.
    public var count: Int
    /// Shallow sizes of all copies but one each: these do not overlap.
    public var savedBytes: UInt64
    /// Whether all ropes could be compared (`RopeTexts`).
    public var isComplete: Bool
}

extension SnapshotViews {
    /// DevTools: getDuplicateStrings. Cost: 100 ns a string.
    ///
    /// - Parameters:
    ///   - limit: 0: all.
    ///   - longest: UTF-16 units that are kept of a value.
    public func duplicatedStrings(limit: Int = 50, longest: Int = NodeRow.longestName) -> DuplicatedStrings {
        let found = DuplicateStrings(graph)
        let order = Largest.of(found.groups.indices, limit: limit) { found.groups[$0].retainedBytes }
        let rows = order.map { index in
            let group = found.groups[index]
            let text = names.name(of: Int(group.first))
            return DuplicatedStrings.Row(
                value: DisplayText.cut(text, to: longest), length: text.utf16.count, count: group.count, shallowBytes: group.shallowBytes,
                retainedBytes: group.retainedBytes, savedBytes: group.retainedBytes - group.largestRetained)
        }
        return DuplicatedStrings(
            strings: rows, count: found.groups.count, savedBytes: found.groups.reduce(0) { $0 + $1.shallowBytes - $1.largestShallow },
            isComplete: found.isComplete)
    }
}

/// Strings and ropes of equal text (DevTools: createDuplicatedStringsFilter): those with a size, without ropes that V8 has flattened already.
struct DuplicateStrings {
    struct Group {
        /// An ordinal.
        var first: UInt32
        var count = 0
        var shallowBytes: UInt64 = 0
        var retainedBytes: UInt64 = 0
        var largestShallow: UInt64 = 0
        var largestRetained: UInt64 = 0
    }
    /// All members of all groups.
    let nodes: NodeSet
    /// In the order of their first members.
    private(set) var groups: [Group] = []
    private(set) var isComplete = true

    /// V8 writes no more than 1,024 characters; where it says so, and their number and hash (exposeNumericValues), cut strings are told apart.
    private struct CutText: Hashable {
        var text: UInt32
        var length: Int
        var hash: Int
    }

    init(_ graph: SnapshotGraph) {
        let snapshot = graph.snapshot
        let columns = snapshot.columns
        nodes = NodeSet(nodeCount: columns.nodeCount)
        // A text is its string's index; what ropes only have gets numbers behind those.
        let texts = Column<UInt32>(columns.nodeCount, repeating: .max)
        defer { texts.free() }
        let ropes = ropeTexts(graph, into: texts)
        let wordsCut = CutStrings(snapshot)
        var cut: [CutText: UInt32] = [:]
        var textCount = snapshot.strings.count + ropes.count
        var others: [UInt32: UInt32] = [:]
        for node in 0..<columns.nodeCount {
            let kind = columns.kind[node]
            guard kind == NodeKind.string || kind == NodeKind.concatenatedString, graph.sizes.size(node) != 0 else { continue }
            if kind == NodeKind.string {
                let name = columns.name[node]
                texts[node] = Int(name) < snapshot.strings.count ? ropes.text(ofString: name) : .max
                // A partial snapshot has no strings: their indexes are as good.
                if texts[node] == .max, Int(name) >= snapshot.strings.count {
                    let known = others[name] ?? UInt32(textCount)
                    if known == UInt32(textCount) { textCount += 1 }
                    others[name] = known
                    texts[node] = known
                }
            }
            guard texts[node] != .max, let wordsCut, let (length, hash) = wordsCut.lengthAndHash(of: node) else { continue }
            let key = CutText(text: texts[node], length: length, hash: hash)
            let known = cut[key] ?? UInt32(textCount)
            if known == UInt32(textCount) { textCount += 1 }
            cut[key] = known
            texts[node] = known
        }
        isComplete = ropes.isComplete
        collect(graph, texts, textCount)
    }

    /// What ropes say, and which strings say the same.
    private struct Ropes {
        let strings: StringTable
        var texts: RopeTexts
        var byText: [RopeTexts.Text: UInt32] = [:]
        var lengths: Set<UInt32> = []
        var isComplete = true
        var count: Int { byText.count }

        /// Its own index, or the number that ropes of this text have.
        func text(ofString index: UInt32) -> UInt32 {
            guard !lengths.isEmpty, lengths.contains(UInt32(truncatingIfNeeded: strings.raw(Int(index)).count)) else { return index }
            return byText[texts.text(ofString: Int(index))] ?? index
        }
    }

    private func ropeTexts(_ graph: SnapshotGraph, into column: Column<UInt32>) -> Ropes {
        let snapshot = graph.snapshot
        let names = NodeNames(graph)
        var ropes = Ropes(strings: snapshot.strings, texts: RopeTexts(snapshot, names))
        defer { ropes.texts.free() }
        func isEmpty(_ part: Int?) -> Bool {
            guard let part else { return false }
            if snapshot.columns.kind[part] == NodeKind.concatenatedString { return ropes.texts.text(ofRope: part).units == 0 }
            let name = Int(snapshot.columns.name[part])
            return name < snapshot.strings.count && snapshot.strings.raw(name).isEmpty
        }
        for node in 0..<snapshot.nodeCount where snapshot.columns.kind[node] == NodeKind.concatenatedString {
            guard graph.sizes.size(node) != 0, ropes.texts.canGoOn else { continue }
            let halves = names.halves(ofRope: node)
            if isEmpty(halves.second) || isEmpty(halves.first) { continue }
            let text = ropes.texts.text(ofRope: node)
            let known = ropes.byText[text] ?? UInt32(snapshot.strings.count + ropes.count)
            ropes.byText[text] = known
            ropes.lengths.insert(text.bytes)
            column[node] = known
        }
        ropes.isComplete = ropes.texts.isComplete
        return ropes
    }

    private mutating func collect(_ graph: SnapshotGraph, _ texts: Column<UInt32>, _ textCount: Int) {
        let counts = Column<UInt32>(textCount + 1), groupOf = Column<UInt32>(textCount + 1)
        defer {
            counts.free()
            groupOf.free()
        }
        for node in 0..<graph.snapshot.nodeCount where texts.pointer[node] != .max { counts.pointer[Int(texts.pointer[node])] &+= 1 }
        for node in 0..<graph.snapshot.nodeCount where texts.pointer[node] != .max && counts.pointer[Int(texts.pointer[node])] > 1 {
            let text = Int(texts[node])
            nodes.insert(node)
            if groupOf[text] == 0 {
                groups.append(Group(first: UInt32(node)))
                groupOf[text] = UInt32(groups.count)
            }
            let (shallow, retained) = (graph.shallowSize(of: node), graph.retainedSize(of: node))
            let at = Int(groupOf[text]) - 1
            groups[at].count += 1
            groups[at].shallowBytes += shallow
            let (sum, isTooMuch) = groups[at].retainedBytes.addingReportingOverflow(retained)
            groups[at].retainedBytes = isTooMuch ? .max : sum
            groups[at].largestShallow = max(groups[at].largestShallow, shallow)
            groups[at].largestRetained = max(groups[at].largestRetained, retained)
        }
    }
}

/// What newer V8s say of strings that they cut: internal edges `truncated`, `length` and `hash` to nodes of type number with a `value`.
private struct CutStrings {
    private let snapshot: Snapshot
    private let edges: EdgeLookup
    private let truncated: UInt32
    private let length: UInt32?
    private let hash: UInt32?
    private let value: UInt32?

    init?(_ snapshot: Snapshot) {
        guard let truncated = snapshot.strings.index(of: "truncated") else { return nil }
        (self.snapshot, self.truncated, edges) = (snapshot, truncated, EdgeLookup(snapshot))
        (length, hash, value) = (snapshot.strings.index(of: "length"), snapshot.strings.index(of: "hash"), snapshot.strings.index(of: "value"))
    }

    /// nil where the string was not cut.
    func lengthAndHash(of node: Int) -> (Int, Int)? {
        guard let flag = edges.target(of: node, truncated), number(flag, named: "bool") == "true" else { return nil }
        func int(_ name: UInt32?) -> Int { edges.target(of: node, name).flatMap { number($0, named: "int") }.flatMap { Int($0) } ?? -1 }
        return (int(length), int(hash))
    }

    private func number(_ node: Int, named name: String) -> String? {
        guard snapshot.columns.kind[node] == NodeKind.number, snapshot.name(of: node) == name else { return nil }
        return edges.target(of: node, value).map { snapshot.name(of: $0) }
    }
}
