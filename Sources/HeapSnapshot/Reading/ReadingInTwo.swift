/// One thread reads the nodes and the strings, the other the edges and what stands behind them: the halves of a snapshot as V8 writes it.
///
/// Each passes over the other's part from quote to quote, as numbers hold none; that both have met the same keys at the same bytes is checked
/// afterwards. What is not so, or damaged, is read again from the start in one piece: there is one place that says what is wrong.
extension SnapshotReader {
    /// - Parameters:
    ///   - threads: with 2 or more, `open` is called twice.
    ///   - open: the bytes from their start; of the same file each time.
    /// - Throws: as `read(_:partial:)`.
    public static func read(threads: Int, partial: Bool = false, _ open: @escaping @Sendable () throws -> ByteSource) throws -> Snapshot {
        if threads > 1, let snapshot = try? readInTwo(open) { return snapshot }
        return try read(try open(), partial: partial)
    }

    private struct EdgeHalf: Sendable {
        var edges: EdgeReading
        var locations: Column<Int32>
        var locationCount: Int
        /// Where the keys of the two other lists were met.
        var edgesAt: Int
        var stringsAt: Int
    }

    static func readInTwo(_ open: @escaping @Sendable () throws -> ByteSource) throws -> Snapshot {
        let (nodes, edges) = try concurrently(2, { try readNodeHalf(open) }, { try readEdgeHalf(open) })
        var reader = nodes.reader
        defer { reader.window.deallocate() }
        guard edges.edgesAt == nodes.edgesAt, edges.stringsAt == nodes.stringsAt else { throw reader.failure("its order is another") }
        (reader.edges, reader.locations, reader.locationCount) = (edges.edges, edges.locations, edges.locationCount)
        return try reader.finish(nil)
    }

    private static func readNodeHalf(_ open: () throws -> ByteSource) throws -> (reader: SnapshotReader, edgesAt: Int, stringsAt: Int) {
        var reader = SnapshotReader(try open())
        do {
            try reader.readBeginning()
            try reader.readNodes()
            try reader.expect(",", "','")
            let edgesAt = try reader.nextKey("edges")
            var (key, stringsAt) = ("", 0)
            while key != "strings" { (key, stringsAt) = try reader.nextKey() }
            try reader.expect(":", "':'")
            try reader.readStrings()
            try reader.expect("}", "'}'")
            try reader.expectEnd()
            return (reader, edgesAt, stringsAt)
        } catch {
            reader.window.deallocate()
            throw error
        }
    }

    private static func readEdgeHalf(_ open: () throws -> ByteSource) throws -> EdgeHalf {
        var reader = SnapshotReader(try open())
        defer { reader.window.deallocate() }
        try reader.readBeginning()
        let edgesAt = try reader.nextKey("edges")
        try reader.expect(":", "':'")
        try reader.readEdges()
        var seen: Set<String> = []
        while true {
            try reader.expect(",", "','")
            let (key, at) = try reader.nextKey()
            // Here, unlike there, every value was read up to its end.
            if key == "strings" {
                guard let edges = reader.edges else { break }
                return EdgeHalf(
                    edges: edges, locations: reader.locations, locationCount: reader.locationCount, edgesAt: edgesAt, stringsAt: at)
            }
            guard seen.insert(key).inserted, !["snapshot", "nodes", "edges"].contains(key) else { break }
            try reader.expect(":", "':'")
            if key == "locations" { try reader.readLocations() } else { try reader.skipValue() }
        }
        throw reader.failure("its order is another")
    }

    /// Up to the list of nodes.
    private mutating func readBeginning() throws {
        try expect("{", "'{'")
        _ = try nextKey("snapshot")
        try expect(":", "':'")
        try readHeader()
        try expect(",", "','")
        _ = try nextKey("nodes")
        try expect(":", "':'")
    }

    @discardableResult
    private mutating func nextKey(_ wanted: String) throws -> Int {
        let (key, at) = try nextKey()
        guard key == wanted else { throw failure("its order is another") }
        return at
    }

    /// Over all that is no quote.
    private mutating func nextKey() throws -> (key: String, at: Int) {
        guard try window.seek(UInt8(ascii: "\"")) else { throw truncated("a key") }
        let at = window.offset
        return (try readKey(), at)
    }
}
