import Testing

@testable import HeapSnapshot

@Suite struct ViewsFilterTests {
    // MARK: - Duplicated strings

    /// `text` as ropes of one character each, put together from one end.
    private func rope(_ text: String, fromLeft: Bool, in built: inout BuiltSnapshot, root: Int) -> Int {
        let letters = text.map { built.add("string", String($0)) }
        func join(_ a: Int, _ b: Int) -> Int {
            let rope = built.add("concatenated string", "(concatenated string)")
            built.link(rope, "internal", .name("first"), a)
            built.link(rope, "internal", .name("second"), b)
            return rope
        }
        var whole = fromLeft ? letters[0] : letters[letters.count - 1]
        for letter in fromLeft ? Array(letters.dropFirst()) : letters.dropLast().reversed() {
            whole = fromLeft ? join(whole, letter) : join(letter, whole)
        }
        built.link(root, "element", .number(built.nodes.count), whole)
        return whole
    }

    @Test func `Ropes are equal to strings of their text, however they were put together`() throws {
        var built = BuiltSnapshot()
        let root = built.add("object", "global")
        let plain = built.add("string", "grüße\n")
        built.link(root, "property", .name("plain"), plain)
        let left = rope("grüße\n", fromLeft: true, in: &built, root: root), right = rope("grüße\n", fromLeft: false, in: &built, root: root)
        // Flattened already: not a copy of its own content.
        let empty = built.add("string", "")
        let flat = built.add("concatenated string", "(concatenated string)")
        built.link(flat, "internal", .name("first"), plain)
        built.link(flat, "internal", .name("second"), empty)
        built.link(root, "property", .name("flat"), flat)
        let views = try built.views()
        let row = try #require(views.duplicatedStrings().strings.first { $0.value == "grüße\n" })
        #expect(row.count == 3)
        #expect(row.length == 6)
        let set = views.graph.nodes(in: .duplicatedStrings)
        #expect([plain, left, right, flat].map(set.contains) == [true, true, true, false])
        #expect(row.savedBytes == row.retainedBytes - views.graph.retainedSize(of: left))
        #expect(views.names.name(of: left) == "grüße\n")
    }

    @Test(.timeLimit(.minutes(1)))
    func `Ropes of many links cost no more than their links`() throws {
        var built = BuiltSnapshot()
        let root = built.add("object", "global")
        let text = String(repeating: "x", count: 6_000)
        let (one, other) = (rope(text, fromLeft: true, in: &built, root: root), rope(text, fromLeft: true, in: &built, root: root))
        let views = try built.views()
        let found = views.duplicatedStrings(limit: 0)
        #expect(found.isComplete)
        // DevTools compares 1,024 characters: of the 5,999 ropes of each all from that length on are equal.
        #expect(found.strings.map(\.length).max() == 1_024)
        let counts = Dictionary(found.strings.map { ($0.length, $0.count) }, uniquingKeysWith: +)
        #expect(counts[1_024] == 9_954)
        #expect(counts[1_023] == 2)
        #expect(counts[2] == 2)
        #expect(found.count == 1_024)
        #expect(views.graph.nodes(in: .duplicatedStrings).contains(one) && views.graph.nodes(in: .duplicatedStrings).contains(other))
        #expect(views.names.name(of: one) == String(repeating: "x", count: 1_024))
    }

    @Test func `Ropes that hold themselves, or nothing, end`() throws {
        var built = BuiltSnapshot()
        let root = built.add("object", "global")
        let ring = built.add("concatenated string", "ring"), half = built.add("concatenated string", "half"),
            bare = built.add("concatenated string", "bare")
        built.link(ring, "internal", .name("first"), half)
        built.link(half, "internal", .name("first"), ring)
        built.link(half, "internal", .name("second"), half)
        // One that is only reached from the right: no rope begins with it.
        let coil = built.add("concatenated string", "coil"), outer = built.add("concatenated string", "outer")
        built.link(coil, "internal", .name("second"), coil)
        built.link(outer, "internal", .name("first"), bare)
        built.link(outer, "internal", .name("second"), coil)
        for (at, node) in [ring, half, bare, outer].enumerated() { built.link(root, "element", .number(at), node) }
        let views = try built.views()
        #expect(views.row(ring).name == "(a rope of more than 100,000 parts)")
        #expect(views.row(bare).name == "")
        #expect(views.duplicatedStrings().strings.allSatisfy { $0.length == 0 })
    }

    // MARK: - What the fixtures lack

    @Test func `What the console, event handlers and contexts alone keep is found`() throws {
        var built = BuiltSnapshot()
        let root = built.add("object", "global")
        func hang(_ from: Int, _ kind: String, _ label: BuiltSnapshot.Label, _ nodeKind: String, _ name: String) -> Int {
            let node = built.add(nodeKind, name)
            built.link(from, kind, label, node)
            return node
        }
        let logged = hang(0, "internal", .name("12 / DevTools console"), "object", "Logged")
        let inLogged = hang(logged, "property", .name("x"), "object", "InLogged")
        let both = hang(logged, "property", .name("y"), "object", "Both")
        built.link(root, "property", .name("y"), both)
        let listener = hang(root, "property", .name("onclick"), "native", "V8EventListener")
        let wrapper = hang(listener, "internal", .name("1"), "object", "Wrapper")
        let handler = hang(wrapper, "internal", .name("2"), "closure", "handler")
        let code = hang(handler, "internal", .name("code"), "code", "(code)")
        let context = hang(handler, "internal", .name("context"), "object", "system / Context / FunctionContext")
        let caught = hang(context, "context", .name("caught"), "object", "Caught")
        let graph = try built.views().graph
        func set(_ filter: NodeFilter) -> Set<Int> {
            let nodes = graph.nodes(in: filter)
            return Set((0..<graph.snapshot.nodeCount).filter(nodes.contains))
        }
        // The edge has to come from a synthetic node; the root is one.
        #expect(set(.objectsRetainedByConsole) == [logged, inLogged])
        #expect(set(.objectsRetainedByEventHandlers) == [handler, code, context, caught])
        #expect(set(.objectsRetainedByContexts) == [context, caught])
        #expect(set(.objectsRetainedByDetachedDomNodes) == [])
        #expect(graph.summary(nodes: graph.nodes(in: .objectsRetainedByContexts)).map(\.count).reduce(0, +) == 2)
    }

    @Test func `What two realms reach is shared, and what a map says is not passed on`() throws {
        var built = BuiltSnapshot()
        let one = built.add("object", "system / NativeContext"), two = built.add("hidden", "system / NativeContext / vm", size: 16)
        built.link(0, "element", .number(1), two)
        func hang(_ from: [Int], _ name: String, size: Int) -> Int {
            let node = built.add("object", name, size: size)
            for from in from { built.link(from, "property", .name(name), node) }
            return node
        }
        _ = hang([one], "Mine", size: 100)
        let shared = hang([one, two], "Shared", size: 1_000)
        _ = hang([shared], "BelowShared", size: 10_000)
        // Reached from the first, but its map belongs to the second.
        let foreign = hang([one], "Foreign", size: 100_000)
        let map = built.add("object shape", "Map", size: 0), meta = built.add("object shape", "MetaMap", size: 0)
        built.link(foreign, "internal", .name("map"), map)
        built.link(map, "internal", .name("map"), meta)
        built.link(meta, "internal", .name("native_context"), two)
        let found = try built.views().graph.nativeContexts()
        #expect(found.contexts.map(\.attributedBytes) == [108, 100_016])
        #expect(found.sharedBytes == 11_000)
        #expect(found.unattributedBytes == 0)
    }
}
