import CZstd
import Foundation
import Synchronization

@testable import HeapSnapshot

/// What DevTools shows in its views of a snapshot (Tests/Fixtures/heapsnapshot, `NAME.views.json.zst`).
struct DevToolsViews: Decodable {
    struct Name: Decodable {
        var id: UInt32
        var name: String
    }
    struct Dominator: Decodable, Equatable {
        var id: UInt32
        var name: String
        var retainedSize: UInt64
    }
    struct Paths: Decodable {
        struct Limits: Decodable {
            var maxDepth: Int
            var maxNodes: Int
            var maxSiblings: Int
        }
        struct Reached: Decodable {
            var depth: Bool?
            var nodes: Bool?
            var siblings: Bool?
        }
        struct Step: Decodable, Equatable {
            var edge: String
            var edgeType: String
            var from: String
            var fromId: UInt32
            var distance: Int32
            var children: [Step]
        }
        struct Node: Decodable { var id: UInt32 }
        var node: Node
        var limits: Limits
        var limitsReached: Reached
        var paths: [Step]
    }
    struct Filter: Decodable {
        struct Row: Decodable, Hashable {
            var key: String
            var count: Int
            var `self`: UInt64
            var maxRet: UInt64
            var distance: Int32
        }
        var classes: Int
        var count: Int
        var `self`: UInt64
        var top: [Row]
    }
    struct Duplicate: Decodable, Hashable {
        var value: String
        var length: Int
        var count: Int
        var totalSelfSize: UInt64
        var totalRetainedSize: UInt64
    }
    struct Realms: Decodable {
        struct Realm: Decodable {
            var nodeId: UInt32
            var attributedSize: UInt64
            var retainedSize: UInt64
            var selfSize: UInt64
        }
        var nativeContexts: [Realm]
        var sharedSize: UInt64
        var noAttributionSize: UInt64
    }
    var names: [Name]
    var retainingPaths: [Paths]
    var dominatorChains: [[Dominator]]
    var filters: [String: Filter]
    var duplicateStringsTop: [Duplicate]
    var nativeContextSizes: Realms

    init(_ name: String, path: String = #filePath) throws {
        let tests = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
        let packed = try [UInt8](Data(contentsOf: tests.appendingPathComponent("Fixtures/heapsnapshot/\(name).views.json.zst")))
        var content = [UInt8](repeating: 0, count: Int(ZSTD_getFrameContentSize(packed, packed.count)))
        guard ZSTD_decompress(&content, content.count, packed, packed.count) == content.count else { throw Missing(file: name) }
        self = try JSONDecoder().decode(Self.self, from: Data(content))
    }
}

let viewsFixtures = ["n20-leak-after", "n22-8m", "n24-internals"]

func graph(of bytes: [UInt8]) throws -> SnapshotGraph {
    var rest = bytes[...]
    let snapshot = try SnapshotReader.read(
        ByteSource(size: bytes.count) { buffer in
            let count = min(buffer.count, rest.count)
            buffer.copyBytes(from: rest.prefix(count))
            rest = rest.dropFirst(count)
            return count
        })
    return SnapshotGraph(snapshot)
}

/// Made once: in a debug build a graph takes a second.
private let graphs = Mutex<[String: SnapshotGraph]>([:])

func graph(ofFixture name: String) throws -> SnapshotGraph {
    try graphs.withLock { graphs in
        if let known = graphs[name] { return known }
        let made = try graph(of: fixture(name))
        graphs[name] = made
        return made
    }
}

func views(of name: String) throws -> SnapshotViews { SnapshotViews(try graph(ofFixture: name)) }

/// A snapshot of nodes and edges that a test writes down.
struct BuiltSnapshot {
    struct Node {
        var kind: String
        var name: String
        var size = 8
        var edges: [(kind: String, label: Label, to: Int)] = []
    }
    enum Label { case name(String), number(Int) }
    var nodes: [Node] = [Node(kind: "synthetic", name: "", size: 0)]

    /// The first one hangs on the root.
    mutating func add(_ kind: String, _ name: String, size: Int = 8) -> Int {
        nodes.append(Node(kind: kind, name: name, size: size))
        if nodes.count == 2 { link(0, "shortcut", .name("global"), 1) }
        return nodes.count - 1
    }

    mutating func link(_ from: Int, _ kind: String, _ label: Label, _ to: Int) { nodes[from].edges.append((kind, label, to)) }

    func bytes() -> [UInt8] {
        var strings: [String] = []
        var indexes: [String: Int] = [:]
        func index(_ text: String) -> Int {
            if let known = indexes[text] { return known }
            indexes[text] = strings.count
            strings.append(text)
            return strings.count - 1
        }
        let nodeKinds = NodeKind.names, edgeKinds = EdgeKind.names
        let list = nodes.enumerated().map { at, node in
            "\(nodeKinds.firstIndex(of: node.kind) ?? 0),\(index(node.name)),\(2 * at + 1),\(node.size),\(node.edges.count),0"
        }
        let edges = nodes.flatMap(\.edges).map { edge in
            let label =
                switch edge.label {
                case .name(let text): index(text)
                case .number(let number): number
                }
            return "\(edgeKinds.firstIndex(of: edge.kind) ?? 0),\(label),\(edge.to * 6)"
        }
        func quoted(_ texts: [String]) -> String { "[" + texts.map(PropertyName.quoted).joined(separator: ",") + "]" }
        let text = """
            {"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[\(quoted(nodeKinds)),"string",\
            "number","number","number","number"],"edge_fields":["type","name_or_index","to_node"],"edge_types":[\(quoted(edgeKinds)),"string_or_number",\
            "node"],"location_fields":["object_index","script_id","line","column"]},"node_count":\(nodes.count),"edge_count":\(edges.count),"trace_function_count":0},
            "nodes":[\(list.joined(separator: ","))],"edges":[\(edges.joined(separator: ","))],
            "trace_function_infos":[],"trace_tree":[],"samples":[],"locations":[],"strings":\(quoted(strings))}
            """
        return Array(text.utf8)
    }

    func views() throws -> SnapshotViews { SnapshotViews(try graph(of: bytes())) }
}
