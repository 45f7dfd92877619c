import Glibc

extension SnapshotReader {
    mutating func readStrings() throws {
        // 4 % of a snapshot's bytes are strings, of 16 bytes each.
        let size = min(sourceSize ?? 1 << 20, 16 << 30)
        let strings = StringTable(bytes: size / 16, strings: size / 256)
        self.strings = strings
        try expect("[", "the list of strings")
        if try take("]") { return }
        repeat {
            try expect("\"", "a string")
            let length = try lengthOfString()
            guard strings.append(window.position, length) else { throw failure("strings of more than 4 GiB") }
            window.move(to: window.position + length + 1)
        } while try take(",")
        try expect("]", "',' or ']'")
        if let (index, reason) = strings.flaw() { throw failure("string \(index) \(reason)") }
    }

    /// Up to the closing quote, which is brought into the window.
    private mutating func lengthOfString() throws -> Int {
        var seen = 0
        while true {
            let start = window.position + seen
            guard let quote = memchr(start, 0x22, window.end - start) else {
                seen = window.end - window.position
                if try window.refill() { continue }
                window.move(to: window.end)
                throw truncated("the end of a string")
            }
            let length = UnsafePointer(quote.assumingMemoryBound(to: UInt8.self)) - window.position
            var backslashes = 0
            while backslashes < length, window.position[length - 1 - backslashes] == UInt8(ascii: "\\") { backslashes += 1 }
            if backslashes % 2 == 0 { return length }
            seen = length + 1
        }
    }

    /// What was read, put together; the last checks.
    mutating func finish(_ truncation: SnapshotError?) throws -> Snapshot {
        guard let header, let nodes, nodes.count > 0 else { throw truncation ?? failure("no nodes") }
        let edges = edges ?? EdgeReading(capacity: 1)
        let strings = strings ?? StringTable(bytes: 1, strings: 1)
        let largest = max(nodes.largestName, edges.largestName)
        if truncation == nil, largest >= strings.count { throw failure("a name is string \(largest) of \(strings.count)") }
        var columns = SnapshotColumns(
            nodeCount: nodes.count, edgeCount: edges.count, kind: nodes.kind, name: nodes.name, id: nodes.id, selfSize: nodes.selfSize,
            firstEdge: nodes.firstEdge, detachedness: nodes.detachedness, label: edges.label, target: edges.target, largeLabels: edges.largeLabels)
        (columns.locations, columns.locationCount) = (locations, locationCount)
        if truncation != nil { columns.cut() }
        var complete = header
        complete.stringCount = strings.count
        return Snapshot(header: complete, columns: columns, strings: strings, kindNames: nodes.kindNames, truncation: truncation)
    }
}

extension StringTable {
    /// The first string with what JSON does not allow: V8 writes pure ASCII, so that all are looked at in one pass as long as nothing is found.
    func flaw() -> (index: Int, reason: String)? {
        var (control, high): (UInt8, UInt8) = (0, 0)
        for index in 0..<byteCount {
            let byte = byte(index)
            control |= byte < 0x20 ? 1 : 0
            high |= byte
        }
        if control == 0, high < 0x80 { return nil }
        for index in 0..<count {
            let raw = raw(index)
            if raw.contains(where: { $0 < 0x20 }) { return (index, "holds a control character") }
            if String(validating: raw, as: UTF8.self) == nil { return (index, "is not UTF-8") }
        }
        return nil
    }
}

extension SnapshotColumns {
    /// Of a snapshot that ends early: no edge leads to a node that is not there, and no node has edges that are not.
    mutating func cut() {
        for node in 0...nodeCount { firstEdge[node] = min(firstEdge[node], UInt32(edgeCount)) }
        // Edges may stand before nodes: those of nodes that are missing go.
        edgeCount = Int(firstEdge[nodeCount])
        // So may locations.
        var kept = 0
        for at in 0..<locationCount where locations[4 * at] < nodeCount {
            for field in 0..<4 { locations[4 * kept + field] = locations[4 * at + field] }
            kept += 1
        }
        locationCount = kept
        // An edge to a node that is missing becomes a weak one of the root to itself: nothing follows it.
        for edge in 0..<edgeCount where target[edge] >= nodeCount {
            label[edge] = EdgeKind.weak << Self.labelBits
            target[edge] = 0
        }
    }
}
