/// What is asked of single nodes: names, targets, functions and where they stand. For some dozen nodes, not for passes over all.
struct NodeFacts {
    let graph: SnapshotGraph
    let links: Links
    /// By id, as far as a function of it is in the snapshot.
    private let scripts: [Int32: String]

    init(_ graph: SnapshotGraph) {
        self.graph = graph
        links = Links(graph.snapshot.columns)
        scripts = NodeFacts.scripts(graph, links)
    }

    func name(_ node: Int) -> String { graph.snapshot.name(of: node) }

    func edgeName(_ edge: Int) -> String {
        let kind = links.edgeKind(edge)
        if kind == EdgeKind.element || kind == EdgeKind.hidden { return "[]" }
        let label = graph.snapshot.columns.edgeLabel(edge)
        if graph.names.weakMapPairs[label] != nil { return "(WeakMap entry)" }
        let text = graph.snapshot.strings.text(Int(label))
        return kind == EdgeKind.internal && !text.isEmpty && text.allSatisfy(\.isNumber) ? "[]" : text
    }

    /// Where an edge of this name leads; the first of several.
    func target(_ node: Int, _ names: String...) -> Int? {
        links.edges(node).first { !links.isWeak($0) && names.contains(edgeName($0)) }.map { Int(links.target[$0]) }
    }

    /// As the user would call it.
    func className(_ node: Int) -> String {
        switch links.kind[node] {
        case NodeKind.closure: return "\(name(node))()"
        case NodeKind.hidden where name(node) == "system / NativeContext": return "(native context)"
        case NodeKind.object:
            let name = name(node)
            if name == "system / Context" { return "context" }
            // The keys of a dictionary are contents, not a shape.
            guard name == "Object", links.edges(node).count <= EdgeLabels.mostProperties else { return name }
            let properties = links.edges(node).lazy.filter { links.edgeKind($0) == EdgeKind.property }.map { edgeName($0) }.filter {
                $0 != "__proto__"
            }
            let first = Array(properties.prefix(5))
            return first.isEmpty ? name : "{\(first.prefix(4).joined(separator: ", "))\(first.count > 4 ? ", …" : "")}"
        case NodeKind.native, NodeKind.synthetic, NodeKind.hidden: return name(node)
        case let kind: return "(\(graph.snapshot.kindNames[Int(kind)]))"
        }
    }

    // MARK: - Code

    /// Of a function, or of an object's constructor.
    func place(of node: Int) -> CodePlace {
        let name = name(node)
        var place = CodePlace(function: name, script: links.kind[node] == NodeKind.closure ? NodeFacts.script(of: node, graph, links) : nil)
        let columns = graph.snapshot.columns
        for at in 0..<columns.locationCount where Int(columns.locations.pointer[4 * at]) == node {
            let (script, line, column) = (columns.locations[4 * at + 1], columns.locations[4 * at + 2], columns.locations[4 * at + 3])
            (place.scriptId, place.line, place.column) = (script, line &+ 1, column &+ 1)
            place.script = place.script ?? scripts[script]
            break
        }
        return place
    }

    /// Node's own code; up to Node 14 it has no scheme.
    static func isInternal(_ script: String) -> Bool { script.hasPrefix("node:") || script.hasPrefix("internal/") }

    /// nil where it is not known.
    func isInternal(function node: Int) -> Bool? { NodeFacts.script(of: node, graph, links).map { NodeFacts.isInternal($0) } }

    /// Function -> what all its closures share -> script, whose node bears its name.
    private static func script(of closure: Int, _ graph: SnapshotGraph, _ links: Links) -> String? {
        func target(_ node: Int, _ names: [String]) -> Int? {
            // Of both they are among the first; who has more edges is no function of V8's.
            links.edges(node).prefix(64).first {
                links.edgeKind($0) == EdgeKind.internal && names.contains(graph.snapshot.strings.text(Int(graph.snapshot.columns.edgeLabel($0))))
            }.map { Int(links.target[$0]) }
        }
        guard let shared = target(closure, ["shared"]), let script = target(shared, ["script", "script_or_debug_info"]),
            links.kind[script] == NodeKind.code
        else { return nil }
        let name = graph.snapshot.name(of: script)
        return name.isEmpty || name.hasPrefix("system / ") ? nil : name
    }

    private static func scripts(_ graph: SnapshotGraph, _ links: Links) -> [Int32: String] {
        var names: [Int32: String] = [:]
        // Functions without a script are few: so many tries are enough for each.
        var tries: [Int32: Int] = [:]
        let columns = graph.snapshot.columns
        for at in 0..<columns.locationCount {
            let (node, script) = (Int(columns.locations.pointer[4 * at]), columns.locations.pointer[4 * at + 1])
            guard node < links.nodeCount, links.kind[node] == NodeKind.closure, names[script] == nil, tries[script, default: 0] < 20 else { continue }
            tries[script, default: 0] += 1
            names[script] = NodeFacts.script(of: node, graph, links)
        }
        return names
    }
}
