import Foundation
import Testing

@testable import HeapSnapshot

/// DevTools 156 is the oracle: equal for every node and every row (Tests/Fixtures/heapsnapshot/README.md).
@Suite struct DevToolsTests {
    static let names = ["n20-leak-before", "n20-leak-after", "n22-8m", "n24-internals"]

    @Test(arguments: names) func everyNodeIsDevTools(name: String) throws {
        let graph = SnapshotGraph(try read(try fixture(name)))
        let oracle = try DevTools(name), count = oracle.results.nodeCount
        #expect(graph.snapshot.nodeCount == count && graph.snapshot.edgeCount == oracle.results.edgeCount)
        #expect(graph.snapshot.header.stringCount == oracle.results.stringsInFile)
        #expect(graph.totalBytes == oracle.results.totalSize)
        var different: [String: [Int]] = [:]
        for node in 0..<count {
            if graph.distance(of: node) != oracle.distance(node) { different["distance", default: []].append(node) }
            if graph.dominator(of: node) != oracle.dominator(node) { different["dominator", default: []].append(node) }
            if graph.shallowSize(of: node) != oracle.shallowSize(node) { different["shallow size", default: []].append(node) }
            if Double(graph.retainedSize(of: node)) != oracle.retainedSize(node) { different["retained size", default: []].append(node) }
            if graph.detachedness?[node] ?? 0 != oracle.detachedness(node) { different["detachedness", default: []].append(node) }
        }
        for (what, nodes) in different { Issue.record("\(name): \(what) of \(nodes.count) nodes, first \(nodes.prefix(5))") }
    }

    @Test(arguments: names, [true, false]) func everyRowIsDevTools(name: String, interfaces: Bool) throws {
        let graph = SnapshotGraph(try read(try fixture(name)))
        let results = try DevTools(name).results
        let wanted = interfaces ? results.aggregates : results.aggregatesPlainObject
        let rows = graph.summary(byLocation: true, interfaces: interfaces)
        var found: [String: DevTools.Row] = [:]
        for row in rows {
            let key = (row.location.map { "\($0.script),\($0.line),\($0.column)" } ?? "") + "," + row.name
            #expect(found[key] == nil, "two rows of \(key)")
            found[key] = DevTools.Row(count: row.count, self: row.shallowBytes, maxRet: row.retainedBytes, distance: row.distance)
        }
        for key in Set(found.keys).union(wanted.keys) where found[key] != wanted[key] {
            Issue.record("\(name) \(key): \(String(describing: found[key])), DevTools \(String(describing: wanted[key]))")
        }
        #expect(wanted.count > 100)
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.retainedBytes >= $1.retainedBytes })

        // Rows of one name in one: the same objects.
        let together = graph.summary(interfaces: interfaces)
        #expect(Set(together.map(\.name)).count == together.count)
        #expect(together.map(\.count).reduce(0, +) == rows.map(\.count).reduce(0, +))
        #expect(together.map(\.shallowBytes).reduce(0, +) == rows.map(\.shallowBytes).reduce(0, +))
    }

    @Test(arguments: names) func interfacesAreDevTools(name: String) throws {
        let graph = SnapshotGraph(try read(try fixture(name)))
        let found = graph.classes().definitions.map { definition in
            DevTools.Interface(
                name: definition.name, properties: definition.properties.map { graph.snapshot.strings.text(Int($0)) }, count: definition.count)
        }
        #expect(found == (try DevTools(name).results.interfaceDefinitions))
    }

    @Test(arguments: names) func statisticsAreDevTools(name: String) throws {
        let found = SnapshotGraph(try read(try fixture(name))).statistics()
        let wanted = try DevTools(name).results.statistics
        #expect(found.total == wanted.total && found.native == wanted.native.total && found.typedArrays == wanted.native.typedArrays)
        #expect(found.v8heap == wanted.v8heap.total && found.code == wanted.v8heap.code && found.jsArrays == wanted.v8heap.jsArrays)
        #expect(found.strings == wanted.v8heap.strings && found.system == wanted.v8heap.system)
    }

    /// What the reader keeps, before anything is computed.
    @Test(arguments: names) func nodesAndClassesAreDevTools(name: String) throws {
        let snapshot = try read(try fixture(name))
        let results = try DevTools(name).results
        let classes = SnapshotGraph(snapshot).classes()
        var named = 0
        for node in results.nodesSampled {
            #expect(snapshot.id(of: node.ordinal) == node.id && snapshot.kindName(of: node.ordinal) == node.type)
            // DevTools' names of those two are not V8's: it puts the parts of the one together, and gives the other its interface's.
            if node.type != "concatenated string", snapshot.name(of: node.ordinal) != "Object" {
                named += 1
                // The oracle's list has 120 characters of a longer one.
                let name = snapshot.name(of: node.ordinal).utf16.prefix(node.name.utf16.count > 120 ? 120 : .max)
                #expect(
                    name.elementsEqual(node.name.utf16.prefix(name.count)) && name.count >= min(120, node.name.utf16.count), "node \(node.ordinal)")
            }
            #expect(snapshot.edges(of: node.ordinal).count == node.edges)
            #expect(classes.names[Int(classes.classOf[node.ordinal])] == node.className)
        }
        #expect(results.nodesSampled.count > 200 && named > 150)
        var found: [String: DevTools.Raw] = [:]
        for node in 0..<snapshot.nodeCount {
            let size = snapshot.selfSize(node)
            found[snapshot.kindName(of: node), default: DevTools.Raw()].add(size)
        }
        #expect(found == results.rawByType)
        var edges: [String: Int] = [:]
        for edge in 0..<snapshot.edgeCount { edges[EdgeKind.names[Int(snapshot.columns.edgeKind(edge))], default: 0] += 1 }
        #expect(edges == results.edgesByType)
        #expect(snapshot.columns.locationCount == results.locations)
    }

    /// The oldest, the newest, and one with allocation tracking: no oracle's answer is at hand, but what must hold of any.
    @Test(arguments: ["n14-empty", "n24-tracked", "n26-empty"]) func othersAreWhole(name: String) throws {
        let graph = SnapshotGraph(try read(try fixture(name)))
        let columns = graph.snapshot.columns
        let sum = (0..<graph.snapshot.nodeCount).reduce(UInt64(0)) { $0 + columns.selfSize.size($1) }
        #expect(graph.retainedSize(of: 0) == sum && sum > 1_000_000)
        #expect((0..<graph.snapshot.nodeCount).reduce(UInt64(0)) { $0 + graph.shallowSize(of: $1) } == sum)
        #expect(!graph.userRoots.isEmpty && graph.userRoots.allSatisfy { graph.distance(of: $0) == 1 })
        #expect((graph.detachedness == nil) == (name == "n14-empty"))
        let summary = graph.summary()
        #expect(summary.contains { $0.name == "Function" && $0.count > 1_000 } && summary.contains { $0.name == "(string)" })
    }
}

func read(_ bytes: [UInt8], partial: Bool = false, size: Bool = true, pieces next: () -> Int = { .max }) throws -> Snapshot {
    try withoutActuallyEscaping(next) { next in
        try bytes.withUnsafeBytes { all in
            var position = 0
            return try SnapshotReader.read(
                ByteSource(size: size ? all.count : nil) { buffer in
                    let count = min(all.count - position, buffer.count, next())
                    if count > 0 { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: all[position..<position + count])) }
                    position += count
                    return count
                }, partial: partial)
        }
    }
}

/// DevTools' results for one fixture.
struct DevTools {
    struct Row: Hashable, Decodable {
        var count: Int
        var `self`: UInt64
        var maxRet: UInt64
        var distance: Int32
    }
    struct Interface: Hashable, Decodable {
        var name: String
        var properties: [String]
        var count: Int
    }
    struct Raw: Hashable, Decodable {
        var count = 0
        var `self`: UInt64 = 0
        var zeroSize = 0
        mutating func add(_ size: UInt64) {
            count += 1
            self.`self` += size
            zeroSize += size == 0 ? 1 : 0
        }
    }
    struct Native: Decodable { var total, typedArrays: UInt64 }
    struct Heap: Decodable { var total, code, jsArrays, strings, system: UInt64 }
    struct Statistics: Decodable {
        var total: UInt64
        var native: Native
        var v8heap: Heap
    }
    struct Node: Decodable {
        var ordinal: Int
        var id: UInt32
        var type, name, className: String
        var edges: Int
    }
    struct Results: Decodable {
        var nodeCount, edgeCount, stringsInFile, locations: Int
        var totalSize: UInt64
        var statistics: Statistics
        var aggregates, aggregatesPlainObject: [String: Row]
        var interfaceDefinitions: [Interface]
        var rawByType: [String: Raw]
        var edgesByType: [String: Int]
        var nodesSampled: [Node]
    }

    let results: Results
    private let arrays: [UInt8]

    init(_ name: String) throws {
        results = try JSONDecoder().decode(Results.self, from: Data(try fixture(file: "\(name).devtools.json")))
        arrays = try fixture(file: "\(name).devtools.bin")
        #expect(arrays.count == 21 * results.nodeCount)
    }

    private func load<T: BitwiseCopyable>(_ offset: Int, as type: T.Type) -> T {
        arrays.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
    func distance(_ node: Int) -> Int32 { load(4 * node, as: Int32.self) }
    func dominator(_ node: Int) -> Int { Int(load(4 * (results.nodeCount + node), as: UInt32.self)) }
    func shallowSize(_ node: Int) -> UInt64 { UInt64(load(4 * (2 * results.nodeCount + node), as: UInt32.self)) }
    func retainedSize(_ node: Int) -> Double { load(12 * results.nodeCount + 8 * node, as: Double.self) }
    func detachedness(_ node: Int) -> UInt8 { arrays[20 * results.nodeCount + node] }
}
