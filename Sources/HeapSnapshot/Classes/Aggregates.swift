/// A row of the Summary view.
public struct ClassSummary: Sendable, Hashable {
    public var name: String
    /// Where the constructor is, for rows that tell classes of one name apart.
    public var location: SourceLocation?
    /// Objects with a size: what was given wholly to an owner does not count.
    public var count = 0
    public var shallowBytes: UInt64 = 0
    /// Of the members that no other member dominates: rows overlap, as what one class holds another may hold, too.
    public var retainedBytes: UInt64 = 0
    /// The smallest of a member; from 100,000,000 on: reached from V8's own roots only; -5: not at all.
    public var distance: Int32
}

/// Where V8 says that an object's constructor, or a function, begins. Script ids mean something within one process only.
public struct SourceLocation: Sendable, Hashable, Codable, Comparable {
    public var script: Int32
    /// From 0.
    public var line: Int32
    public var column: Int32

    public static func < (a: SourceLocation, b: SourceLocation) -> Bool { (a.script, a.line, a.column) < (b.script, b.line, b.column) }
}

/// Nodes by what makes them a row: a class, or a class and a place.
struct Grouping: Sendable {
    let groupOf: Column<UInt32>
    let count: Int
    let classOf: [UInt32]
    let locationOf: [SourceLocation?]

    init(_ classes: ClassTable) {
        groupOf = classes.classOf
        count = classes.names.count
        classOf = (0..<classes.names.count).map { UInt32($0) }
        locationOf = Array(repeating: nil, count: classes.names.count)
    }

    private struct Key: Hashable {
        var ofClass: UInt32
        var location: SourceLocation
    }

    /// DevTools' class keys: objects that have a location are told apart by it.
    init(_ classes: ClassTable, locationsOf snapshot: Snapshot) {
        let columns = snapshot.columns
        groupOf = Column(columns.nodeCount)
        groupOf.pointer.update(from: classes.classOf.pointer, count: columns.nodeCount)
        var ofClass = (0..<classes.names.count).map { UInt32($0) }
        var places: [SourceLocation?] = Array(repeating: nil, count: classes.names.count)
        var groups: [Key: UInt32] = [:]
        for at in 0..<columns.locationCount {
            let node = Int(columns.locations[4 * at])
            guard node < columns.nodeCount, columns.kind[node] == NodeKind.object else { continue }
            let place = SourceLocation(
                script: columns.locations[4 * at + 1], line: columns.locations[4 * at + 2], column: columns.locations[4 * at + 3])
            let key = Key(ofClass: classes.classOf[node], location: place)
            let group = groups[key] ?? UInt32(ofClass.count)
            if group == ofClass.count {
                groups[key] = group
                ofClass.append(key.ofClass)
                places.append(place)
            }
            groupOf[node] = group
        }
        (count, classOf, locationOf) = (ofClass.count, ofClass, places)
    }
}

extension SnapshotGraph {
    /// The Summary view, the largest retained size first. Cost: 20 ns a node.
    ///
    /// - Parameters:
    ///   - byLocation: DevTools' rows; else rows of one name from several places are one.
    ///   - nodes: only these count (`nodes(in:)`); nil: all.
    public func summary(byLocation: Bool = false, interfaces: Bool = true, nodes: NodeSet? = nil) -> [ClassSummary] {
        let classes = interfaces ? self.classes() : ClassTable(snapshot, detachedness: detachedness, interfaces: false)
        return summary(classes, byLocation ? Grouping(classes, locationsOf: snapshot) : Grouping(classes), nodes: nodes)
    }

    func summary(_ classes: ClassTable, _ grouping: Grouping, nodes: NodeSet? = nil) -> [ClassSummary] {
        var rows = (0..<grouping.count).map {
            ClassSummary(name: classes.names[Int(grouping.classOf[$0])], location: grouping.locationOf[$0], distance: .max)
        }
        let group = grouping.groupOf.pointer, distance = distances.pointer
        rows.withUnsafeMutableBufferPointer { rows in
            for node in 0..<snapshot.nodeCount {
                let size = sizes.size(node)
                if size == 0 { continue }
                if let nodes, !nodes.contains(node) { continue }
                let row = Int(group[node])
                rows[row].count &+= 1
                rows[row].shallowBytes &+= size
                rows[row].distance = min(rows[row].distance, distance[node])
            }
        }
        addRetained(grouping, nodes, to: &rows)
        return rows.filter { $0.count > 0 }.sorted {
            ($1.retainedBytes, $1.shallowBytes, $0.name, $0.location?.line ?? 0) < (
                $0.retainedBytes, $0.shallowBytes, $1.name, $1.location?.line ?? 0
            )
        }
    }

    /// Down the dominator tree with a flag per row for what is on the way (DevTools: calculateClassesRetainedSize).
    private func addRetained(_ grouping: Grouping, _ nodes: NodeSet?, to rows: inout [ClassSummary]) {
        let tree = DominatedNodes(self)
        let group = grouping.groupOf.pointer
        var isOnPath = [Bool](repeating: false, count: grouping.count)
        // Nodes to visit, and between them the ends of members: UInt32.max, then the row below it.
        let stackColumn = Column<UInt32>(2 * snapshot.nodeCount + 2)
        defer { stackColumn.free() }
        let stack = stackColumn.pointer
        var depth = 1
        stack[0] = 0
        while depth > 0 {
            depth &-= 1
            let node = Int(stack[depth])
            if stack[depth] == .max {
                depth &-= 1
                isOnPath[Int(stack[depth])] = false
                continue
            }
            let row = Int(group[node])
            let children = tree.children(of: node)
            if !isOnPath[row], sizes.size(node) != 0, nodes?.contains(node) != false {
                rows[row].retainedBytes &+= retained.pointer[node]
                if !children.isEmpty {
                    isOnPath[row] = true
                    stack[depth] = UInt32(truncatingIfNeeded: row)
                    stack[depth &+ 1] = .max
                    depth &+= 2
                }
            }
            for at in children {
                stack[depth] = tree.nodes.pointer[at]
                depth &+= 1
            }
        }
    }
}
