/// One thread reads the nodes and the strings, the other the edges and what stands behind them: the halves of a snapshot as V8 writes it.
///
/// Each passes over the other's lists from quote to quote, as numbers hold none. What one passes over the other reads, and that both have met the same
/// keys at the same bytes is checked afterwards: nothing is accepted that one thread alone would refuse.
extension SnapshotReader {
    /// - Parameter open: the bytes from their start; called twice, for the same file.
    /// - Throws: whatever is wrong, or only in another order than V8's: `read` is to say which.
    public static func readInTwo(_ open: @escaping @Sendable () throws -> ByteSource) throws -> Snapshot {
        var reader = SnapshotReader(try open())
        defer { reader.window.deallocate() }
        let (places, half) = try concurrently(2, { try reader.readNodesAndStrings() }, { try readEdges(open) })
        guard half.places == places else { throw reader.otherOrder }
        (reader.edges, reader.locations, reader.locationCount) = (half.edges, half.locations, half.locationCount)
        return try reader.finish(nil)
    }

    /// Where the keys of two lists were met.
    private struct Places: Hashable { var edges, strings: Int }

    private struct EdgeHalf: Sendable {
        var edges: EdgeReading
        var locations: Column<Int32>
        var locationCount: Int
        var places: Places
    }

    private mutating func readNodesAndStrings() throws -> Places {
        try readBeginning()
        try readNodes()
        try expect(",", "','")
        let edges = try key("edges")
        var (key, strings) = ("", 0)
        while key != "strings" { (key, strings) = try nextKey() }
        try expect(":", "':'")
        try readStrings()
        try expect("}", "'}'")
        try expectEnd()
        return Places(edges: edges, strings: strings)
    }

    private static func readEdges(_ open: () throws -> ByteSource) throws -> EdgeHalf {
        var reader = SnapshotReader(try open())
        defer { reader.window.deallocate() }
        try reader.readBeginning()
        let (first, edgesAt) = try reader.nextKey()
        guard first == "edges" else { throw reader.otherOrder }
        try reader.expect(":", "':'")
        try reader.readEdges()
        var seen: Set = ["snapshot", "nodes", "edges"]
        while true {
            try reader.expect(",", "','")
            let (key, at) = try reader.key()
            guard let edges = reader.edges, seen.insert(key).inserted else { throw reader.otherOrder }
            if key == "strings" {
                return EdgeHalf(
                    edges: edges, locations: reader.locations, locationCount: reader.locationCount, places: Places(edges: edgesAt, strings: at))
            }
            try reader.expect(":", "':'")
            if key == "locations" { try reader.readLocations() } else { try reader.skipValue() }
        }
    }

    /// For `read` to look at.
    private var otherOrder: SnapshotError { failure("not in the order in which V8 writes") }

    /// Up to the list of nodes.
    private mutating func readBeginning() throws {
        try expect("{", "'{'")
        _ = try key("snapshot")
        try expect(":", "':'")
        try readHeader()
        try expect(",", "','")
        _ = try key("nodes")
        try expect(":", "':'")
    }

    /// - Returns: where it stands.
    private mutating func key(_ wanted: String) throws -> Int {
        let (key, at) = try key()
        guard key == wanted else { throw otherOrder }
        return at
    }

    private mutating func key() throws -> (key: String, at: Int) {
        _ = try window.peek()
        let at = window.offset
        return (try readKey(), at)
    }

    /// Over what the other half reads.
    private mutating func nextKey() throws -> (key: String, at: Int) {
        guard try window.seek(UInt8(ascii: "\"")) else { throw truncated("a key") }
        return try key()
    }
}
