/// Makes snapshots as text, as V8 would write them: nodes, then edges between them.
struct GraphBuilder {
    struct Edge {
        var kind: String
        var label: Label
        var to: Int
    }
    enum Label {
        case name(String)
        case number(Int)
    }
    struct Node {
        var kind: String
        var name: String
        var id: Int
        var size: Int
        var edges: [Edge] = []
    }

    private(set) var nodes: [Node] = []
    var lineBreaks = false

    static let nodeKinds = [
        "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string",
    ]
    static let edgeKinds = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]

    /// - Returns: the node's ordinal.
    @discardableResult
    mutating func node(_ kind: String, _ name: String = "", size: Int = 0) -> Int {
        nodes.append(Node(kind: kind, name: name, id: 2 * nodes.count + 1, size: size))
        return nodes.count - 1
    }

    /// - Parameter label: of element and hidden edges a number, of all others a name.
    mutating func edge(_ from: Int, _ kind: String, _ label: String = "", to: Int) {
        let isNumbered = kind == "element" || kind == "hidden"
        nodes[from].edges.append(Edge(kind: kind, label: isNumbered ? .number(Int(label) ?? 1) : .name(label), to: to))
    }

    /// An entry of a WeakMap: two edges to the value, from the table and from the key.
    mutating func weakMapEntry(_ number: Int, table: Int, key: Int, value: Int) {
        let text = "part of key (K @\(nodes[key].id)) -> value (V @\(nodes[value].id)) pair in WeakMap (table @\(nodes[table].id))"
        edge(table, "internal", "\(number) / \(text)", to: value)
        edge(key, "internal", "\(number + 1) / \(text)", to: value)
    }

    /// Between edges and strings.
    var rest = ""

    /// A chain that closes, with all sections that Node writes.
    static func small(nodes count: Int, lineBreaks: Bool = false) -> [UInt8] {
        var builder = GraphBuilder()
        builder.lineBreaks = lineBreaks
        builder.node("synthetic")
        for node in 1..<count { builder.node(node % 3 == 0 ? "array" : "object", #"a\"b\\\u00FC{}[]\#(node % 4)"#, size: node * 37 % 1_000) }
        for node in 0..<count { builder.edge(node, node == 0 ? "shortcut" : "property", "next", to: (node + 1) % count) }
        builder.rest = #""trace_function_infos":[],"trace_tree":[1,0,2,48,[2,0,1,8,[]]],"samples":[],"locations":[6,1,-1,2],"#
        return Array(builder.text.utf8)
    }

    var text: String {
        var indexes: [String: Int] = [:]
        var strings: [String] = []
        func index(_ string: String) -> Int {
            if let known = indexes[string] { return known }
            indexes[string] = strings.count
            strings.append(string)
            return strings.count - 1
        }
        let end = lineBreaks ? "\n" : ""
        var (records, links): ([String], [String]) = ([], [])
        for node in nodes {
            records.append("\(Self.nodeKinds.firstIndex(of: node.kind)!),\(index(node.name)),\(node.id),\(node.size),\(node.edges.count),0\(end)")
            for edge in node.edges {
                let label =
                    switch edge.label {
                    case .name(let name): index(name)
                    case .number(let number): number
                    }
                links.append("\(Self.edgeKinds.firstIndex(of: edge.kind)!),\(label),\(edge.to * 6)\(end)")
            }
        }
        let quoted = { (names: [String]) in names.map { "\"\($0)\"" }.joined(separator: ",") }
        return """
            {"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[[\(quoted(Self.nodeKinds))]],\
            "edge_fields":["type","name_or_index","to_node"],"edge_types":[[\(quoted(Self.edgeKinds))]],\
            "location_fields":["object_index","script_id","line","column"]},\
            "node_count":\(nodes.count),"edge_count":\(links.count)},
            "nodes":[\(records.joined(separator: ","))],
            "edges":[\(links.joined(separator: ","))],
            \(rest)"strings":[\(quoted(strings))]}
            """
    }
}
