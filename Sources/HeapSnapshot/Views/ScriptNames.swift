/// The files that scripts come from, by the ids that locations have: a function leads to its script, whose node has the file's name.
///
/// V8 calls the edges `shared` and then `script` (Node 22 to 26) or `script_or_debug_info` (18, 20).
public struct ScriptNames: Sendable {
    private let names: [Int32: String]

    /// Functions are asked until each script has a name: a few thousand.
    /// Cost: one pass over the locations, with a look at some edges of each function of a script that has no name yet.
    public init(_ snapshot: Snapshot) {
        let columns = snapshot.columns
        let edges = EdgeLookup(snapshot)
        let (shared, script, either) = (edges.name("shared"), edges.name("script"), edges.name("script_or_debug_info"))
        var found: [Int32: String] = [:]
        for at in 0..<columns.locationCount {
            let node = Int(columns.locations[4 * at])
            let id = columns.locations[4 * at + 1]
            guard node >= 0, node < columns.nodeCount, columns.kind[node] == NodeKind.closure, found[id] == nil else { continue }
            guard let info = edges.target(of: node, shared), var holder = edges.target(of: info, script) ?? edges.target(of: info, either) else {
                continue
            }
            // What a debugger adds stands between.
            if let behind = edges.target(of: holder, script) { holder = behind }
            let name = snapshot.name(of: holder)
            if !name.isEmpty, !name.hasPrefix("system / "), !name.hasPrefix("(") { found[id] = name }
        }
        names = found
    }

    /// As the script says: a path, `file://...`, `node:internal/timers`; nil for what `eval` and the like made.
    public subscript(script: Int32) -> String? { names[script] }
}

/// Internal edges by name, of nodes that V8 gives a few of them.
struct EdgeLookup: Sendable {
    private let snapshot: Snapshot

    /// A function has 10 edges, what is looked for being among V8's own: more are not looked at, lest a hostile file make it many.
    private static let mostEdges = 64

    init(_ snapshot: Snapshot) { self.snapshot = snapshot }

    func name(_ text: String) -> UInt32? { snapshot.strings.index(of: text) }

    func target(of node: Int, _ name: UInt32?) -> Int? {
        guard let name else { return nil }
        let columns = snapshot.columns
        for edge in snapshot.edges(of: node).prefix(Self.mostEdges)
        where columns.edgeKind(edge) == EdgeKind.internal && columns.edgeLabel(edge) == name {
            return Int(columns.target[edge])
        }
        return nil
    }
}
