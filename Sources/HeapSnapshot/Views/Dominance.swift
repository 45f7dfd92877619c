/// What keeps a node alive by itself, and what it keeps alive by itself.
public struct Dominance: Sendable, Hashable, Codable {
    /// From the node up to the root; of a longer chain both ends.
    public var chain: [NodeRow]
    /// Dominators between the two ends of `chain` that are not in it.
    public var omitted: Int
    /// Place in `chain` before which the omitted ones are missing.
    public var omittedAt: Int?
    /// What the node dominates directly, the largest retained size first.
    public var dominated: [NodeRow]
    /// How many there are, shown or not.
    public var dominatedCount: Int
}

extension SnapshotViews {
    /// Dominators that are shown at either end of a chain: a linked list dominates link by link.
    private static let mostDominators = 500

    /// DevTools: getDominatorsOf. Cost: 8 bytes and 7 ns a node of the snapshot, once.
    ///
    /// - Parameter limit: of `dominated`; 0: all.
    public func dominance(of node: Int, limit: Int = 20) -> Dominance {
        var chain = [node]
        while let last = chain.last, last != 0, graph.dominator(of: last) != last { chain.append(graph.dominator(of: last)) }
        let omitted = max(0, chain.count - 2 * Self.mostDominators)
        if omitted > 0 { chain.removeSubrange(Self.mostDominators..<Self.mostDominators + omitted) }
        let places = tree.children(of: node)
        let largest = Largest.of(places.lazy.map { Int(self.tree.nodes[$0]) }, limit: limit) { graph.retainedSize(of: $0) }
        return Dominance(
            chain: chain.map(row), omitted: omitted, omittedAt: omitted > 0 ? Self.mostDominators : nil, dominated: largest.map(row),
            dominatedCount: places.count)
    }
}

enum Largest {
    /// The largest of many without sorting them all: of equal ones those that come first.
    ///
    /// - Parameter limit: 0: all of them.
    static func of<Key: Comparable>(_ nodes: some Sequence<Int>, limit: Int, by key: (Int) -> Key) -> [Int] {
        var best: [(key: Key, at: Int, node: Int)] = []
        let room = limit <= 0 ? Int.max : limit
        func keep() {
            best.sort { $0.key != $1.key ? $0.key > $1.key : $0.at < $1.at }
            if best.count > room { best.removeLast(best.count - room) }
        }
        var least: Key?
        for (at, node) in nodes.enumerated() {
            let key = key(node)
            if let least, key <= least { continue }
            best.append((key, at, node))
            // Sorting each time that there are four times as many costs less than a heap, and is shorter.
            if room < Int.max / 8, best.count >= 4 * room + 64 {
                keep()
                least = best.last?.key
            }
        }
        keep()
        return best.map(\.node)
    }
}
