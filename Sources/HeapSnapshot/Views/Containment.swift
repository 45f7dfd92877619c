/// The heap from the roots downwards: what a node refers to.
public struct Containment: Sendable, Hashable, Codable {
    public struct Reference: Sendable, Hashable, Codable {
        public var edge: EdgeRow
        public var node: NodeRow
        /// A child of the root that is not V8's own: `global`.
        public var isUserRoot: Bool
    }
    public var node: NodeRow
    /// Of the root user roots first; else as asked for.
    public var references: [Reference]
    /// How many there are, shown or not.
    public var count: Int
}

extension SnapshotViews {
    public enum ReferenceOrder: String, Sendable, Codable, CaseIterable {
        /// The snapshot's, which is that of the object's elements and properties.
        case edge
        case retained
    }

    /// DevTools' Containment view. Cost: one pass over the node's edges.
    ///
    /// - Parameters:
    ///   - node: an ordinal; nil: the root.
    ///   - limit: 0: all.
    public func containment(of node: Int? = nil, order: ReferenceOrder = .retained, limit: Int = 50) -> Containment {
        let node = node ?? 0
        let edges = snapshot.edges(of: node)
        let user = node == 0 ? Set(graph.userRoots) : []
        func target(_ edge: Int) -> Int { Int(snapshot.columns.target[edge]) }
        // User roots before all else, then the size; for the snapshot's order all are equal.
        let shown = Largest.of(edges, limit: limit) { edge in
            Rank(isUserRoot: user.contains(target(edge)), bytes: order == .retained ? graph.retainedSize(of: target(edge)) : 0)
        }
        return Containment(
            node: row(node),
            references: shown.map { Containment.Reference(edge: row(edge: $0), node: row(target($0)), isUserRoot: user.contains(target($0))) },
            count: edges.count)
    }

    private struct Rank: Comparable {
        var isUserRoot: Bool
        var bytes: UInt64
        static func < (a: Rank, b: Rank) -> Bool { a.isUserRoot == b.isUserRoot ? a.bytes < b.bytes : !a.isUserRoot }
    }
}
