/// The members of a class, or of several.
public struct Members: Sendable, Hashable, Codable {
    public var objects: [NodeRow]
    /// How many there are, shown or not, without those that were given wholly to an owner.
    public var count: Int
    public var shallowBytes: UInt64
}

public enum MemberOrder: String, Sendable, Codable, CaseIterable {
    /// The largest first.
    case retained, shallow
    /// The smallest first.
    case distance, id
}

extension SnapshotViews {
    /// Cost: one pass over the nodes, and 1 µs for each that is shown.
    ///
    /// - Parameter limit: 0: all.
    public func members(of name: ClassMatch, order: MemberOrder = .retained, limit: Int = 50, in set: NodeSet? = nil) -> Members {
        let nodes = nodes(of: name, in: set)
        let shown =
            switch order {
            case .retained: Largest.of(nodes, limit: limit) { graph.retainedSize(of: $0) }
            case .shallow: Largest.of(nodes, limit: limit) { graph.shallowSize(of: $0) }
            // What nothing leads to is the farthest.
            case .distance: Largest.of(nodes, limit: limit) { graph.distance(of: $0) < 0 ? Int32.min : -graph.distance(of: $0) }
            case .id: Largest.of(nodes, limit: limit) { -Int(snapshot.id(of: $0)) }
            }
        return Members(objects: shown.map(row), count: nodes.count, shallowBytes: nodes.reduce(0) { $0 &+ graph.shallowSize(of: $1) })
    }

    /// Ordinals, ascending. Members without a size do not count, as in the Summary view.
    func nodes(of name: ClassMatch, in set: NodeSet? = nil) -> [Int] {
        let wanted = UInt32(name.index)
        let (classOf, names) = (classes.classOf.pointer, snapshot.columns.name.pointer)
        return (0..<snapshot.nodeCount).filter { node in
            classOf[node] == wanted && graph.sizes.size(node) != 0 && (name.nodeName == nil || names[node] == name.nodeName)
                && set?.contains(node) != false
        }
    }
}
