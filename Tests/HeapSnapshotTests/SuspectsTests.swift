import Testing

@testable import HeapSnapshot

@Suite struct SuspectsTests {
    // MARK: - Real snapshots

    /// An empty Node, and programs that keep what they need, of six versions and ways to write a snapshot.
    @Test(arguments: ["n14-empty", "n22-8m", "n24-internals", "n24-tracked", "n26-empty"])
    func nothingIsSaidOfSoundPrograms(name: String) throws {
        let graph = SnapshotGraph(try SnapshotReader.read(.whole(try fixture(name))))
        #expect(SnapshotGraph.suspects(in: [graph]).map(\.sentence) == [])
        #expect(SnapshotGraph.suspects(in: [graph, graph], comparableIds: true).map(\.sentence) == [])
    }

    /// 319 links are 6 % of the heap.
    @Test func aShortClosureChainIsNamed() throws {
        let graph = SnapshotGraph(try SnapshotReader.read(.whole(try fixture("n20-leak-after"))))
        let suspects = SnapshotGraph.suspects(in: [graph])
        let first = try #require(suspects.first)
        #expect(suspects.count == 1 && first.kind == .chain && first.count == 319)
        #expect(first.sentence.hasPrefix("each leakMethod's context holds the previous one through originLeakObject, 319 links, 182 KiB (6 %"))
        // 319 times three steps are three.
        let repeating = try #require(first.path.firstIndex { $0.repeats == 319 })
        #expect(first.path[repeating...].prefix(3).map(\.edge) == ["leakMethod", "context", "originLeakObject"])
        #expect(first.path[repeating].period == 3 && first.path.count < 20)
        #expect(
            first.places == [
                CodePlace(
                    function: "leakMethod", script: "/tmp/peers/gen/closure-leak.js", scriptId: first.places.first?.scriptId, line: 17, column: 91)
            ])
        #expect(SnapshotGraph.suspects(in: [graph], limit: 0).isEmpty)
    }

    // MARK: - Built ones

    @Test func aCollectionIsNamed() throws {
        let suspects = SnapshotGraph.suspects(in: [try Heap.cache(entries: 1_000).graph()])
        let first = try #require(suspects.first)
        #expect(suspects.count == 1 && first.kind == .collection && first.count == 1_000 && first.bytes == 1_000_000 && first.growth == nil)
        #expect(first.holder == "pages" && first.holderClass == "Array" && first.className == "Page")
        #expect(
            first.path == [
                SuspectStep(edge: "", className: "global"), SuspectStep(edge: "pages", className: "Array"),
                SuspectStep(edge: "[]", className: "Page"),
            ])
    }

    @Test func aListIsAChain() throws {
        var heap = Heap()
        var last = heap.node("object", "Entry", 2_000, from: heap.global, "property", "head")
        for _ in 1..<1_000 { last = heap.node("object", "Entry", 2_000, from: last, "property", "next") }
        let first = try #require(SnapshotGraph.suspects(in: [try heap.graph()]).first)
        #expect(first.kind == .chain && first.className == "Entry" && (998...1_000).contains(first.count))
        #expect(first.sentence.contains("each Entry holds the next one through next"))
        #expect(first.path.count == 3 && first.path[2].repeats == 999 && first.path[2].edge == "next")
    }

    /// Node 26: some contexts hold the variable through a cell, others do not; the chain is one.
    @Test func cellsDoNotBreakAChain() throws {
        var heap = Heap()
        var last = heap.node("object", "Object", 2_000, from: heap.global, "property", "leakObject")
        for link in 0..<600 {
            let method = heap.node("closure", "leakMethod", 60, from: last, "property", "leakMethod")
            var context = heap.node("object", "system / Context", 40, from: method, "internal", "context")
            if link % 100 < 50 { context = heap.node("hidden", "system / ContextCell", 24, from: context, "context", "originLeakObject") }
            last = heap.node(
                "object", "Object", 2_000, from: context, link % 100 < 50 ? "internal" : "context",
                link % 100 < 50 ? "tagged_value" : "originLeakObject")
        }
        let first = try #require(SnapshotGraph.suspects(in: [try heap.graph()]).first)
        #expect(first.kind == .chain && (598...600).contains(first.count))
        #expect(first.sentence.contains("each leakMethod's context holds the previous one through originLeakObject"))
        #expect(first.path.contains { $0.repeats >= 598 && $0.period == 3 })
    }

    /// What came in one step only is a cache that got full; what came in each is a leak.
    @Test func onlyWhatGrowsEachTimeIsNamed() throws {
        func suspects(_ entries: [Int], ids: Bool = false) throws -> [Suspect] {
            SnapshotGraph.suspects(in: try entries.map { try Heap.cache(entries: $0).graph() }, comparableIds: ids)
        }
        #expect(try suspects([100, 1_000, 1_000]).isEmpty)
        #expect(try suspects([1_000, 1_000]).isEmpty)
        #expect(try suspects([1_000, 100]).isEmpty)
        #expect(try suspects([100, 1_000, 500]).isEmpty)
        // A snapshot of its own has enough: the comparison does not.
        #expect(try suspects([1_000, 1_050]).isEmpty)
        let two = try #require(try suspects([100, 1_000], ids: true).first)
        #expect(two.growth == Suspect.Growth(bytes: 900_000, count: 900, steps: 1, survivors: 100) && two.sentence.contains("900 and 879 KiB more"))
        let three = try #require(try suspects([100, 600, 1_100]).first)
        #expect(
            three.growth == Suspect.Growth(bytes: 1_000_000, count: 1_000, steps: 2, survivors: nil) && three.sentence.hasSuffix("and more in each"))
        #expect(three.confidence > two.confidence - 0.1)
    }

    /// Entries that are replaced all the time are at work: as large a growth, but less sure.
    @Test func survivorsMakeItSurer() throws {
        let before = try Heap.cache(entries: 200).graph()
        let kept = SnapshotGraph.suspects(in: [before, try Heap.cache(entries: 900).graph()], comparableIds: true)
        let replaced = SnapshotGraph.suspects(in: [before, try Heap.cache(entries: 900, firstId: 1_000_001).graph()], comparableIds: true)
        let unknown = SnapshotGraph.suspects(in: [before, try Heap.cache(entries: 900, firstId: 1_000_001).graph()])
        #expect(kept.first?.growth?.survivors == 200 && replaced.first?.growth?.survivors == 0 && unknown.first?.growth?.survivors == .some(.none))
        let (a, b, c) = (try #require(kept.first).confidence, try #require(unknown.first).confidence, try #require(replaced.first).confidence)
        #expect(a > b && b > c)
    }

    /// The same objects, held by something else than before: new groups, but nothing grew.
    @Test func whatMovedHasNotGrown() throws {
        let before = try Heap.cache(entries: 1_000).graph()
        let moved = try Heap.cache(entries: 1_000, below: "registry").graph()
        let grown = try Heap.cache(entries: 2_000, below: "registry").graph()
        #expect(SnapshotGraph.suspects(in: [before, moved]).map(\.sentence) == [])
        #expect(SnapshotGraph.suspects(in: [before, grown]).map(\.holder) == ["pages"])
    }

    /// Many modules, of which one has the cache.
    @Test func theOneOfManyIsLookedInto() throws {
        var heap = Heap()
        let modules = heap.node("object", "Array", 16, from: heap.global, "property", "modules")
        let all = (0..<20).map { heap.node("object", "Plugin", 1_000, from: modules, "element", "\($0)") }
        let array = heap.node("object", "Array", 16, from: all[7], "property", "rows")
        for index in 0..<1_000 { heap.node("object", "Row", 1_000, from: array, "element", "\(index)") }
        #expect(SnapshotGraph.suspects(in: [try heap.graph()]).map(\.sentence) == ["Array rows holds 1000 Row, 977 KiB (98 % of the heap)"])
    }

    @Test func theLargerComesFirst() throws {
        var heap = Heap()
        for (name, count) in [("small", 900), ("large", 2_000)] {
            let array = heap.node("object", "Array", 16, from: heap.global, "property", name)
            for index in 0..<count { heap.node("object", "Row", 1_000, from: array, "element", "\(index)") }
        }
        let graph = try heap.graph()
        #expect(SnapshotGraph.suspects(in: [graph]).map(\.holder) == ["large", "small"])
        #expect(SnapshotGraph.suspects(in: [graph], limit: 1).map(\.holder) == ["large"])
    }

    // MARK: - Groups

    /// Every node is in one group, however few groups there may be; and a limit makes no chains.
    @Test func groupsAreBounded() throws {
        let graph = SnapshotGraph(try SnapshotReader.read(.whole(try fixture("n22-8m"))))
        let holding = HoldingEdges(graph)
        let all = GroupTree(graph, holding), few = GroupTree(graph, holding, mostGroups: 50)
        #expect(few.groups.count == 50 && all.groups.count > 10_000)
        for tree in [all, few] {
            #expect(tree.groups.reduce(0) { $0 + $1.count } == graph.snapshot.nodeCount)  // no cells before Node 26
            #expect(tree.groups[0].retainedBytes == graph.retainedSize(of: 0))
            #expect(tree.groups.indices.dropFirst().allSatisfy { tree.groups[$0].key.parent < $0 })
        }
        #expect(few.groups.allSatisfy { $0.depth <= all.groups.map(\.depth).max() ?? 0 })
        #expect(
            all.matches(in: all, strings: graph.snapshot.strings, earlierStrings: graph.snapshot.strings) == all.groups.indices.map { UInt32($0) })
    }

    // MARK: - Whatever comes

    /// A snapshot that ends early has no strings, and edges that are cut.
    @Test func partialSnapshotsDoNotTrap() throws {
        let bytes = try fixture("n20-leak-after")
        for share in [0.3, 0.6, 0.8, 0.9, 0.97, 0.999] {
            let snapshot = try SnapshotReader.read(.whole(bytes.prefix(Int(Double(bytes.count) * share))), partial: true)
            #expect(snapshot.truncation != nil)
            let graph = SnapshotGraph(snapshot)
            for suspect in SnapshotGraph.suspects(in: [graph, graph]) + SnapshotGraph.suspects(in: [graph]) {
                #expect(!suspect.sentence.isEmpty && suspect.share <= 1)
            }
        }
    }

    /// Graphs of nodes and edges that V8 would never write, with the names that suspects look for.
    @Test func randomGraphsDoNotTrap() throws {
        var random = SplitMix(state: 5)
        let names = [
            "Object", "Array", "Map", "Timeout", "TimersList", "Listener", "Promise", "system / PromiseReaction", "Generator", "system / Context",
            "AsyncContextFrame", "system / JSArrayBufferData", "Buffer", "system / NativeContext", "", "leak",
        ]
        let edges = [
            "next", "context", "_events", "<symbol kEvents>", "<symbol kResourceStore>", "_onTimeout", "shared", "script", "12", "function", "table",
        ]
        var kinds: Set<Suspect.Kind> = []
        for _ in 0..<60 {
            let seed = random.next()
            var graphs: [SnapshotGraph] = []
            for size in 1...3 {
                // The same heap three times, each with more of all.
                var random = SplitMix(state: seed)
                var heap = Heap()
                func add(_ size: Int, from: Int) -> () -> Int {
                    let (kind, name) = (Heap.nodeKinds.randomElement(using: &random)!, names.randomElement(using: &random)!)
                    let (edgeKind, label) = (Heap.edgeKinds.randomElement(using: &random)!, edges.randomElement(using: &random)!)
                    return { heap.node(kind, name, size, from: from, edgeKind, label) }
                }
                for _ in 0..<5 {
                    var holder = Int.random(in: 0..<heap.count, using: &random)
                    let isChain = Int.random(in: 0..<4, using: &random) == 0
                    let state = random.state
                    for _ in 0..<40 * size {
                        random.state = state
                        let member = add(30_000, from: holder)()
                        let child = add(100, from: member)()
                        _ = add(30_000, from: child)()
                        if isChain { holder = member }
                    }
                }
                for _ in 0..<10 {
                    heap.edge(
                        Int.random(in: 0..<60, using: &random), Heap.edgeKinds.randomElement(using: &random)!, edges.randomElement(using: &random)!,
                        Int.random(in: 0..<60, using: &random))
                }
                graphs.append(try heap.graph())
            }
            for suspect in SnapshotGraph.suspects(in: graphs, comparableIds: true) + SnapshotGraph.suspects(in: [graphs[0]]) {
                kinds.insert(suspect.kind)
                #expect(!suspect.sentence.isEmpty && (0...1).contains(suspect.share) && (0...1).contains(suspect.confidence))
            }
        }
        #expect(kinds.count >= 6, "\(kinds)")
    }
}

/// A heap below one global object, written as V8 does.
private struct Heap {
    static let nodeKinds = [
        "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string",
    ]
    static let edgeKinds = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]

    private var nodes: [(kind: String, name: String, size: Int, id: Int)] = [("synthetic", "", 0, 1)]
    private var edges: [[(kind: String, label: String, to: Int)]] = [[]]
    private var nextId = 3
    private(set) var global = 0
    var count: Int { nodes.count }

    init() { global = node("object", "global", 100, from: 0, "shortcut", "global") }

    @discardableResult
    mutating func node(_ kind: String, _ name: String, _ size: Int, from: Int, _ edgeKind: String, _ label: String) -> Int {
        nodes.append((kind, name, size, nextId))
        edges.append([])
        nextId += 2
        edge(from, edgeKind, label, nodes.count - 1)
        return nodes.count - 1
    }

    mutating func edge(_ from: Int, _ kind: String, _ label: String, _ to: Int) { edges[from].append((kind, label, to)) }

    /// `global.pages`, 1,000 bytes an entry.
    static func cache(entries: Int, firstId: Int? = nil, below holder: String? = nil) -> Heap {
        var heap = Heap()
        let top = holder.map { heap.node("object", "Registry", 16, from: heap.global, "property", $0) } ?? heap.global
        let array = heap.node("object", "Array", 16, from: top, "property", "pages")
        heap.nextId = firstId ?? heap.nextId
        for index in 0..<entries { heap.node("object", "Page", 1_000, from: array, "element", "\(index)") }
        return heap
    }

    func graph() throws -> SnapshotGraph {
        var (indexes, strings): ([String: Int], [String]) = ([:], [])
        func index(_ text: String) -> Int {
            if let known = indexes[text] { return known }
            indexes[text] = strings.count
            strings.append("\"\(text)\"")
            return strings.count - 1
        }
        var (records, links): ([String], [String]) = ([], [])
        for (node, its) in zip(nodes, edges) {
            records.append("\(Self.nodeKinds.firstIndex(of: node.kind)!),\(index(node.name)),\(node.id),\(node.size),\(its.count),0")
            for edge in its {
                let label = edge.kind == "element" || edge.kind == "hidden" ? Int(edge.label) ?? 7 : index(edge.label)
                links.append("\(Self.edgeKinds.firstIndex(of: edge.kind)!),\(label),\(6 * edge.to)")
            }
        }
        func list(_ words: [String]) -> String { words.map { "\"\($0)\"" }.joined(separator: ",") }
        let meta = """
            "node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[[\(list(Self.nodeKinds))]],\
            "edge_fields":["type","name_or_index","to_node"],"edge_types":[[\(list(Self.edgeKinds))]]
            """
        let text = """
            {"snapshot":{"meta":{\(meta)},"node_count":\(nodes.count),"edge_count":\(links.count),"trace_function_count":0},\
            "nodes":[\(records.joined(separator: ","))],"edges":[\(links.joined(separator: ","))],"strings":[\(strings.joined(separator: ","))]}
            """
        return SnapshotGraph(try SnapshotReader.read(.whole(text.utf8)))
    }
}
