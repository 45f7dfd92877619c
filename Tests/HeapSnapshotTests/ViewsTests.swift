import Testing

@testable import HeapSnapshot

@Suite struct ViewsTests {
    // MARK: - Finding

    @Test func `A node is found by its id, a class by its name or what is unique of it`() throws {
        let views = try views(of: "n20-leak-after")
        #expect(try views.find("@76503") == .node(16_475))
        func name(_ query: String) throws -> String? { if case .members(let found) = try views.find(query) { found.name } else { nil } }
        #expect(try name("Map") == "Map")
        #expect(try name("leaking") == "LeakingClass")
        #expect(try name("longstr, leak") == "{longStr, leakMethod}")
        #expect(try name("(string)") == "(string)")
        func problem(_ query: String) -> NodeQueryError? {
            do {
                _ = try views.find(query)
                return nil
            } catch { return error }
        }
        guard case .members(let functions) = try views.find("leakMethod()") else { throw Missing(file: "leakMethod()") }
        let members = views.members(of: functions, limit: 0)
        #expect(members.count > 300)
        #expect(members.objects.allSatisfy { $0.kind == "closure" && $0.name == "leakMethod" })
        #expect(views.paths(ofClass: functions).members == members.count)
        #expect(problem("leakMetho()")?.problem == .noSuchFunction)
        #expect(problem("@2")?.problem == .noSuchID)
        #expect(problem("@-1")?.problem == .notAnID)
        #expect(problem("@4294967296")?.problem == .notAnID)
        #expect(problem("@")?.problem == .notAnID)
        #expect(problem("Nowhere")?.problem == .noSuchClass)
        #expect(problem("")?.problem == .noSuchClass)
        #expect(problem("Weak")?.problem == .ambiguous)
        #expect(problem("Weak")?.candidates.contains("WeakMap") == true)
        #expect(problem("Weak")?.description.hasPrefix("cannot tell which class is meant by Weak: ") == true)
        #expect(problem("\u{1b}[31m")?.description.contains("\u{1b}") == false)
    }

    // MARK: - Members, containment, dominators

    @Test(arguments: viewsFixtures)
    func `A class has the members and the bytes that its row of the summary has`(_ name: String) throws {
        let views = try views(of: name)
        let rows = views.graph.summary()
        #expect(rows.count > 100)
        for row in rows.prefix(20) {
            let members = views.members(of: try views.classNamed(row.name), limit: 1)
            #expect(members.count == row.count)
            #expect(members.shallowBytes == row.shallowBytes)
            #expect(members.objects[0].className == row.name)
        }
    }

    @Test func `Members come in the order that was asked for`() throws {
        let views = try views(of: "n22-8m")
        let strings = try views.classNamed("(string)")
        let all = views.members(of: strings, limit: 0).objects
        for limit in [1, 7, 100, all.count + 1] {
            func first(_ order: MemberOrder) -> [NodeRow] { views.members(of: strings, order: order, limit: limit).objects }
            #expect(first(.retained).map(\.retainedBytes) == Array(all.map(\.retainedBytes).sorted(by: >).prefix(limit)))
            #expect(first(.shallow).map(\.shallowBytes) == Array(all.map(\.shallowBytes).sorted(by: >).prefix(limit)))
            #expect(first(.id).map(\.id) == Array(all.map(\.id).sorted().prefix(limit)))
            let distances = all.map { $0.distance < 0 ? Int32.max : $0.distance }.sorted()
            #expect(first(.distance).map { $0.distance < 0 ? Int32.max : $0.distance } == Array(distances.prefix(limit)))
        }
    }

    @Test(arguments: ["n20-leak-after", "n22-8m", "n26-empty"])
    func `The top of the containment is the user's root`(_ name: String) throws {
        let views = try views(of: name)
        let top = views.containment()
        #expect(top.references.map(\.isUserRoot) == [true] + Array(repeating: false, count: top.count - 1))
        #expect(top.references[0].node.distance == 1)
        // Below it the same edges as the snapshot has.
        let node = try views.node("@\(top.references[0].node.id)")
        let below = views.containment(of: node, order: .edge, limit: 0)
        #expect(below.count == views.snapshot.edges(of: node).count)
        #expect(
            below.references.map(\.node.id) == views.snapshot.edges(of: node).map { views.snapshot.id(of: Int(views.snapshot.columns.target[$0])) })
        #expect(
            views.containment(of: node, limit: 3).references.map(\.node.retainedBytes)
                == Array(below.references.map(\.node.retainedBytes).sorted(by: >).prefix(3)))
    }

    @Test func `Dominated nodes are those that have the node as their dominator, the largest first`() throws {
        let views = try views(of: "n22-8m")
        let node = views.graph.userRoots[0]
        let wanted = (1..<views.snapshot.nodeCount).filter { views.graph.dominator(of: $0) == node }
        let found = views.dominance(of: node, limit: 5)
        #expect(found.dominatedCount == wanted.count)
        #expect(found.dominated.map(\.retainedBytes) == Array(wanted.map(views.graph.retainedSize).sorted(by: >).prefix(5)))
        #expect(found.chain.map(\.id) == [views.snapshot.id(of: node), 1])
    }

    // MARK: - Text

    @Test func `Edges and nodes read as in DevTools, without what a terminal obeys`() throws {
        func text(_ kind: String, _ name: String) -> String { EdgeRow(name: name, kind: kind).text }
        #expect(text("element", "0") == "[0]")
        #expect(text("property", "users") == ".users")
        #expect(text("property", "two words") == "[\"two words\"]")
        #expect(text("shortcut", "2") == "[2]")
        #expect(text("context", "x") == "variable x")
        #expect(text("internal", "table") == "(table)")
        #expect(text("property", "\u{1b}[2J") == ".\\u{1b}[2J")
        #expect(DisplayText.safe("a\u{202e}b\nc\u{7f}") == "a\\u{202e}b\\nc\\u{7f}")
        #expect(DisplayText.cut("abcdef", to: 6) == "abcdef")
        #expect(DisplayText.cut("abcdefg", to: 6) == "abcde…")
        #expect(DisplayText.cut("ab😀😀", to: 5) == "ab😀…")
    }

    @Test(arguments: ["n14-empty", "n20-leak-after", "n22-8m", "n24-internals", "n24-tracked", "n26-empty"])
    func `The functions of all Nodes have their files`(_ name: String) throws {
        let snapshot = try views(of: name).snapshot
        let scripts = ScriptNames(snapshot)
        let ids = Set((0..<snapshot.columns.locationCount).map { snapshot.columns.locations[4 * $0 + 1] })
        let named = ids.filter { scripts[$0] != nil }
        #expect(ids.count > 20)
        #expect(named.count >= ids.count * 9 / 10, "\(named.count) of \(ids.count)")
        #expect(ids.contains { scripts[$0]?.hasSuffix("internal/timers") == true || scripts[$0] == "internal/timers.js" })
    }

    @Test func `A place is a file with lines and columns from 1, or a script's number`() {
        var row = NodeRow(
            id: 1, name: "f", className: "Function", kind: "closure", distance: 1, shallowBytes: 1, retainedBytes: 1, detachedness: nil,
            location: SourceLocation(script: 7, line: 0, column: 9), file: nil)
        #expect(row.title == "f() script 7:1:10")
        row.file = "/srv/\u{1b}a.js"
        #expect(row.title == "f() /srv/\\u{1b}a.js:1:10")
        row.file = String(repeating: "d/", count: 100) + "a.js"
        #expect(row.place?.hasPrefix("…") == true)
        #expect(row.place?.hasSuffix("d/a.js:1:10") == true)
        row.name = ""
        row.location = nil
        #expect(row.title == "(anonymous)()")
    }

    // MARK: - Hostile and partial snapshots

    @Test func `A snapshot that ends anywhere has views all the same`() throws {
        let bytes = try fixture("n20-leak-after")
        var random = SplitMix(state: 11)
        for _ in 0..<4 {
            let end = Int.random(in: 10_000..<bytes.count, using: &random)
            var rest = bytes[..<end]
            let snapshot = try SnapshotReader.read(
                ByteSource(size: nil) { buffer in
                    let count = min(buffer.count, rest.count)
                    buffer.copyBytes(from: rest.prefix(count))
                    rest = rest.dropFirst(count)
                    return count
                }, partial: true)
            let views = SnapshotViews(SnapshotGraph(snapshot))
            for row in views.graph.summary().prefix(3) {
                let match = try views.classNamed(row.name)
                #expect(views.members(of: match).count == row.count)
                #expect(views.paths(ofClass: match).members == row.count)
            }
            for filter in NodeFilter.allCases { #expect(views.graph.nodes(in: filter).count <= snapshot.nodeCount) }
            for _ in 0..<20 {
                let node = Int.random(in: 0..<snapshot.nodeCount, using: &random)
                #expect(views.retainingPaths(of: node).node.id == snapshot.id(of: node))
                #expect(views.containment(of: node).count == snapshot.edges(of: node).count)
                #expect(views.dominance(of: node).chain.last?.id == snapshot.id(of: 0))
            }
            #expect(views.duplicatedStrings().strings.allSatisfy { $0.count > 1 })
        }
    }
}
