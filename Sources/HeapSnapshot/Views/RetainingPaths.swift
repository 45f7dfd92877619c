/// Who holds a node, as a tree from the node up to what hangs on a user root (DevTools: getRetainingPaths).
public struct RetainingPaths: Sendable, Hashable, Codable {
    public struct Limits: Sendable, Hashable, Codable {
        /// References from the node upwards: 1 to 200.
        public var depth = 30
        /// Nodes that are looked at, each as often as it is come by.
        public var nodes = 5_000
        /// Retainers of one node that are followed, the nearest to a root first.
        public var siblings = 100

        public init(depth: Int = 30, nodes: Int = 5_000, siblings: Int = 100) {
            (self.depth, self.nodes, self.siblings) = (min(200, max(1, depth)), max(1, nodes), max(1, siblings))
        }
    }

    /// Which limits left something out.
    public struct LimitsReached: Sendable, Hashable, Codable {
        public var depth = false
        public var nodes = false
        public var siblings = false
    }

    public struct Step: Sendable, Hashable, Codable {
        /// Leads from `node` to the node, or the step, above.
        public var edge: EdgeRow
        public var node: NodeRow
        /// Empty where `node` hangs on a user root.
        public var retainers: [Step]
    }

    public var node: NodeRow
    public var paths: [Step]
    public var limits: Limits
    public var limitsReached: LimitsReached
}

extension SnapshotViews {
    /// Cost: each retainer of the nodes that are come by is looked at once, whatever the limits are.
    public func retainingPaths(of node: Int, limits: RetainingPaths.Limits = .init()) -> RetainingPaths {
        let limits = RetainingPaths.Limits(depth: limits.depth, nodes: limits.nodes, siblings: limits.siblings)
        var search = RetainerSearch(self, limits)
        let paths = search.paths(of: node, depth: 0)
        return RetainingPaths(node: row(node), paths: paths, limits: limits, limitsReached: search.reached)
    }
}

private struct RetainerSearch {
    private let views: SnapshotViews
    private let limits: RetainingPaths.Limits
    private(set) var reached = RetainingPaths.LimitsReached()
    private var looked = 0
    private var isOnPath: Set<Int> = []
    /// The depth at which a node's retainers were followed last; at a greater one there is nothing new.
    private var followedAt: [Int: Int] = [:]
    private var nearest: [Int: NearestRetainers] = [:]
    private var rows: [Int: NodeRow] = [:]

    /// A child of a user root: the path ends here.
    private static let topDistance: Int32 = 2

    init(_ views: SnapshotViews, _ limits: RetainingPaths.Limits) { (self.views, self.limits) = (views, limits) }

    mutating func paths(of node: Int, depth: Int) -> [RetainingPaths.Step] {
        looked += 1
        if looked > limits.nodes {
            reached.nodes = true
            return []
        }
        if depth >= limits.depth {
            reached.depth = true
            return []
        }
        if views.graph.distances[node] <= Self.topDistance || isOnPath.contains(node) { return [] }
        if let before = followedAt[node], depth >= before { return [] }
        isOnPath.insert(node)
        defer {
            isOnPath.remove(node)
            followedAt[node] = depth
        }
        // Too far from the root for what is left of the depth.
        let near = nearestRetainers(of: node)
        let left = Int32(limits.depth - depth)
        let candidates = near.places.prefix { $0.distance - Self.topDistance < left }
        if near.greatestDistance - Self.topDistance >= left { reached.depth = true }
        if candidates.count > limits.siblings { reached.siblings = true }

        var steps: [RetainingPaths.Step] = []
        for candidate in candidates.prefix(limits.siblings) {
            let source = Int(views.retainers.sources[candidate.place])
            var above: [RetainingPaths.Step] = []
            if candidate.distance == Self.topDistance {
                looked += 1
                if looked > limits.nodes {
                    reached.nodes = true
                    break
                }
            } else {
                above = paths(of: source, depth: depth + 1)
                if above.isEmpty { continue }
            }
            let edge = views.row(edge: Int(views.retainers.edges[candidate.place]))
            let row = rows[source] ?? views.row(source)
            rows[source] = row
            steps.append(RetainingPaths.Step(edge: edge, node: row, retainers: above))
        }
        return steps
    }

    private mutating func nearestRetainers(of node: Int) -> NearestRetainers {
        if let known = nearest[node] { return known }
        let found = NearestRetainers(of: node, views.snapshot, views.retainers, views.graph.distances, atMost: limits.siblings)
        nearest[node] = found
        return found
    }
}

/// The retainers of a node that are nearest to a root: one more than can be followed, so that it shows whether there are more.
private struct NearestRetainers {
    struct Place {
        /// In `Retainers`.
        var place: Int
        var distance: Int32
    }
    /// By distance, those of one distance from the snapshot's end to its beginning, which is how DevTools keeps them.
    private(set) var places: [Place] = []
    private(set) var greatestDistance: Int32 = 0

    init(of node: Int, _ snapshot: Snapshot, _ retainers: Retainers, _ distances: Column<Int32>, atMost siblings: Int) {
        let links = Links(snapshot.columns)
        let wanted = min(siblings, Int(Int32.max)) + 1
        var farthest = Int32.max
        for place in retainers.places(of: node).reversed() where !links.isWeak(Int(retainers.edges[place])) {
            let distance = distances[Int(retainers.sources[place])]
            guard distance >= 0 else { continue }
            greatestDistance = max(greatestDistance, distance)
            guard distance < farthest else { continue }
            places.append(Place(place: place, distance: distance))
            if places.count >= 4 * wanted {
                keepNearest(wanted)
                farthest = places[wanted - 1].distance
            }
        }
        keepNearest(wanted)
        withExtendedLifetime(snapshot) {}
    }

    private mutating func keepNearest(_ count: Int) {
        places.sort { ($0.distance, $1.place) < ($1.distance, $0.place) }
        if places.count > count { places.removeLast(places.count - count) }
    }
}
