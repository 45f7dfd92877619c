/// What a node is called (DevTools: JSHeapSnapshotNode.name): V8's name, but a plain object by its properties and a rope by its text.
struct NodeNames: Sendable {
    private let snapshot: Snapshot
    private let detachedness: Column<UInt8>?
    private let object: UInt32?
    private let proto: UInt32?
    private let first: UInt32?
    private let second: UInt32?

    /// DevTools stops adding to a name of this many UTF-16 units.
    static let longestName = 1_024
    /// Of the parts of a rope that are looked at for one name. `s += x` makes ropes that are as deep as they are long; DevTools has no such bound.
    static let mostParts = 100_000
    /// DevTools puts further properties into the name of a plain object up to here; the first one in any case.
    private static let longestProperties = 100

    init(_ graph: SnapshotGraph) {
        snapshot = graph.snapshot
        detachedness = graph.detachedness
        let strings = graph.snapshot.strings
        (object, proto) = (strings.index(of: "Object"), strings.index(of: "__proto__"))
        (first, second) = (strings.index(of: "first"), strings.index(of: "second"))
    }

    func name(of node: Int) -> String {
        let columns = snapshot.columns
        switch columns.kind[node] {
        case NodeKind.concatenatedString: return text(ofRope: node)
        case NodeKind.object where columns.name[node] == object: return properties(of: node)
        case NodeKind.native where detachedness?[node] == Detachedness.detached: return "Detached " + snapshot.name(of: node)
        default: return snapshot.name(of: node)
        }
    }

    /// `{users, orders, …, server, misc}`: in turn one from the front and one from the back of the object's edges.
    private func properties(of node: Int) -> String {
        let columns = snapshot.columns
        var rest = snapshot.edges(of: node)
        var (front, back): ([String], [String]) = ([], [])
        // As DevTools counts: both braces, and the commas between the names so far.
        var (frontLength, backLength) = (1, 1)
        var takesBack = false
        while let edge = takesBack ? rest.last : rest.first {
            func drop() { if takesBack { rest.removeLast() } else { rest.removeFirst() } }
            let label = columns.edgeLabel(edge)
            guard columns.edgeKind(edge) == EdgeKind.property, label != proto else {
                drop()
                continue
            }
            let name = PropertyName.formatted(snapshot.strings.text(Int(label)))
            let length = name.utf16.count
            if frontLength > 1, frontLength + backLength + length > Self.longestProperties { break }
            drop()
            if takesBack {
                backLength += length + (backLength > 1 ? 2 : 0)
                back.append(name)
            } else {
                frontLength += length + (frontLength > 1 ? 2 : 0)
                front.append(name)
            }
            takesBack.toggle()
        }
        if !rest.isEmpty { front.append("…") }
        return "{" + (front + back.reversed()).joined(separator: ", ") + "}"
    }

    /// The parts from the left, until there is enough of them.
    private func text(ofRope node: Int) -> String {
        var (text, length, looked) = ("", 0, 0)
        var stack = [node]
        while let part = stack.popLast(), length < Self.longestName {
            looked += 1
            if looked > Self.mostParts { return text.isEmpty ? "(a rope of more than 100,000 parts)" : text + "…" }
            guard snapshot.columns.kind[part] == NodeKind.concatenatedString else {
                let piece = snapshot.name(of: part)
                text += piece
                length += piece.utf16.count
                continue
            }
            let halves = halves(ofRope: part)
            if let second = halves.second { stack.append(second) }
            if let first = halves.first { stack.append(first) }
        }
        return text
    }

    /// What a rope is made of; nil where the snapshot lacks the edge.
    func halves(ofRope node: Int) -> (first: Int?, second: Int?) {
        let columns = snapshot.columns
        var halves: (first: Int?, second: Int?) = (nil, nil)
        // A rope has four edges; a hostile file's could have many, and be asked for them often.
        for edge in snapshot.edges(of: node).prefix(64) where columns.edgeKind(edge) == EdgeKind.internal {
            let label = columns.edgeLabel(edge)
            if label == first { halves.first = Int(columns.target[edge]) } else if label == second { halves.second = Int(columns.target[edge]) }
            if halves.first != nil, halves.second != nil { break }
        }
        return halves
    }
}
