struct NodeReading {
    var count = 0
    var capacity: Int
    let kind: Column<UInt8>, name: Column<UInt32>, id: Column<UInt32>, selfSize: SizeColumn, firstEdge: Column<UInt32>, detachedness: Column<UInt8>?
    let kindNames: [String]
    /// The largest index of a string.
    var largestName: UInt32 = 0

    init(capacity: Int, hasDetachedness: Bool, kindNames: [String]) {
        self.capacity = max(1, capacity)
        self.kindNames = kindNames
        (kind, name, id, selfSize) = (Column(self.capacity), Column(self.capacity), Column(self.capacity), SizeColumn(self.capacity))
        firstEdge = Column(self.capacity + 1)
        detachedness = hasDetachedness ? Column(self.capacity) : nil
    }

    mutating func grow(to count: Int) {
        capacity = max(count, capacity * 2)
        kind.grow(to: capacity)
        name.grow(to: capacity)
        id.grow(to: capacity)
        selfSize.small.grow(to: capacity)
        firstEdge.grow(to: capacity + 1)
        detachedness?.grow(to: capacity)
    }
}

struct EdgeReading {
    var count = 0
    var capacity: Int
    let label: Column<UInt32>, target: Column<UInt32>
    var largeLabels: [UInt32: UInt32] = [:]
    var largestName: UInt32 = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
        (label, target) = (Column(self.capacity), Column(self.capacity))
    }

    mutating func grow(to count: Int) {
        capacity = max(count, capacity * 2)
        label.grow(to: capacity)
        target.grow(to: capacity)
    }
}

extension SnapshotReader {
    /// All sizes together: DevTools adds them as doubles, which are exact up to here, and no sum of ours runs over.
    static let largestTotal: UInt64 = 1 << 53

    mutating func readNodes() throws {
        guard let header else { return }
        func position(_ field: String) throws -> Int {
            guard let position = header.nodeFields.firstIndex(of: field) else { throw failure("the header has no node field \(field)") }
            return position
        }
        let (type, name, id) = (try position("type"), try position("name"), try position("id"))
        let (size, edgeCount) = (try position("self_size"), try position("edge_count"))
        let detachedness = header.nodeFields.firstIndex(of: "detachedness")
        let (map, names) = kinds(header.nodeTypes, known: NodeKind.names, firstUnknown: 16)
        guard header.nodeCount < Int(UInt32.max), header.edgeCount < Int(UInt32.max) else { throw failure("more than 2^32 nodes or edges") }

        var nodes = NodeReading(
            capacity: room(for: header.nodeCount, fields: header.nodeFields.count), hasDetachedness: detachedness != nil, kindNames: names)
        var (edges, bytes): (UInt64, UInt64) = (0, 0)
        defer { self.nodes = nodes }
        nodes.count = try readRecords("nodes", fields: header.nodeFields.count, atMost: header.nodeCount) { index, record in
            if index == nodes.capacity { nodes.grow(to: index + 1) }
            guard record[type] < UInt64(map.count) else { return "type \(record[type]) of \(map.count)" }
            guard record[name] < UInt64(UInt32.max) else { return "a name beyond 2^32" }
            guard record[id] <= UInt64(UInt32.max) else { return "an id beyond 2^32" }
            guard record[size] <= Self.largestTotal &- bytes else { return "\(record[size]) bytes, more than 2^53 in all" }
            bytes &+= record[size]
            guard record[edgeCount] <= UInt64(header.edgeCount) &- edges else { return "more edges than the header says (\(header.edgeCount))" }
            nodes.kind[index] = map[Int(record[type])]
            nodes.name[index] = UInt32(truncatingIfNeeded: record[name])
            nodes.largestName = max(nodes.largestName, UInt32(truncatingIfNeeded: record[name]))
            nodes.id[index] = UInt32(truncatingIfNeeded: record[id])
            nodes.selfSize.set(index, record[size])
            edges &+= record[edgeCount]
            nodes.firstEdge[index + 1] = UInt32(truncatingIfNeeded: edges)
            if let detachedness { nodes.detachedness.unsafelyUnwrapped[index] = UInt8(truncatingIfNeeded: record[detachedness]) }
            nodes.count = index &+ 1
            return nil
        }
        guard nodes.count == header.nodeCount else { throw failure("\(nodes.count) nodes, the header says \(header.nodeCount)") }
        guard edges == UInt64(header.edgeCount) else { throw failure("the nodes have \(edges) edges, the header says \(header.edgeCount)") }
        guard nodes.count > 0 else { throw failure("no nodes") }
    }

    mutating func readEdges() throws {
        guard let header else { return }
        func position(_ field: String) throws -> Int {
            guard let position = header.edgeFields.firstIndex(of: field) else { throw failure("the header has no edge field \(field)") }
            return position
        }
        let (type, name, to) = (try position("type"), try position("name_or_index"), try position("to_node"))
        let map = kinds(header.edgeTypes, known: EdgeKind.names, firstUnknown: 7).map.map { UInt32(min($0, 7)) }
        let step = UInt64(header.nodeFields.count)
        let nodeCount = UInt64(header.nodeCount)
        var edges = EdgeReading(capacity: room(for: header.edgeCount, fields: header.edgeFields.count))
        defer { self.edges = edges }
        edges.count = try readRecords("edges", fields: header.edgeFields.count, atMost: header.edgeCount) { index, record in
            if index == edges.capacity { edges.grow(to: index + 1) }
            guard record[type] < UInt64(map.count) else { return "type \(record[type]) of \(map.count)" }
            let kind = map[Int(record[type])]
            let (target, rest) =
                step == 7
                ? record[to].quotientAndRemainder(dividingBy: 7)
                : step == 6 ? record[to].quotientAndRemainder(dividingBy: 6) : record[to].quotientAndRemainder(dividingBy: step)
            guard rest == 0, target < nodeCount else { return "to_node \(record[to]) is none of \(nodeCount) nodes" }
            guard record[name] < UInt64(UInt32.max) else { return "a name or an index beyond 2^32" }
            var label = UInt32(truncatingIfNeeded: record[name])
            if kind != EdgeKind.element && kind != EdgeKind.hidden { edges.largestName = max(edges.largestName, label) }
            if label >= SnapshotColumns.labelMask {
                edges.largeLabels[UInt32(index)] = label
                label = SnapshotColumns.labelMask
            }
            edges.label[index] = kind << SnapshotColumns.labelBits | label
            edges.target[index] = UInt32(truncatingIfNeeded: target)
            edges.count = index &+ 1
            return nil
        }
        guard edges.count == header.edgeCount else { throw failure("\(edges.count) edges, the header says \(header.edgeCount)") }
    }

    mutating func readLocations() throws {
        guard let header, header.locationFields.starts(with: ["object_index", "script_id", "line", "column"]) else {
            throw failure("locations of unknown fields")
        }
        let fields = UInt64(header.nodeFields.count)
        let locations = locations
        var count = 0
        defer { locationCount = count }
        count = try readRecords("locations", fields: header.locationFields.count, atMost: .max) { index, record in
            if 4 * (index + 1) > locations.capacity { locations.grow(to: max(4 << 10, 2 * locations.capacity)) }
            let (node, rest) = record[0].quotientAndRemainder(dividingBy: fields)
            guard rest == 0, node < UInt64(min(header.nodeCount, Int(Int32.max))) else {
                return "object_index \(record[0]) is none of \(header.nodeCount) nodes"
            }
            locations[4 * index] = Int32(truncatingIfNeeded: node)
            for field in 1..<4 { locations[4 * index + field] = Int32(truncatingIfNeeded: record[field]) }
            return nil
        }
    }
}
