/// Reads a .heapsnapshot in one pass: by its keys, whatever their order behind `snapshot`, passing over those it does not know.
///
/// Cost: 1.5 GB/s (heapsnapshot-format.md, part 3: what storing every integer takes); memory as `Snapshot` says, and never more than a constant
/// times the bytes that came, whatever the header claims. Never traps, whatever the bytes are.
public struct SnapshotReader {
    var window: ByteWindow
    let sourceSize: Int?
    var header: SnapshotHeader?
    var nodes: NodeReading?
    var edges: EdgeReading?
    var strings: StringTable?
    var locations = Column<Int32>(1)
    var locationCount = 0

    init(_ source: ByteSource) {
        window = ByteWindow(source)
        sourceSize = source.size
    }

    /// - Parameter partial: a snapshot that ends early gives what it holds, instead of an error.
    /// - Throws: `SnapshotError` for what the bytes are; whatever `source` throws.
    public static func read(_ source: ByteSource, partial: Bool = false) throws -> Snapshot {
        var reader = SnapshotReader(source)
        defer { reader.window.deallocate() }
        var truncation: SnapshotError?
        do { try reader.readObject() } catch let error as SnapshotError where partial && error.isTruncation && reader.nodes != nil {
            truncation = error
        }
        return try reader.finish(truncation)
    }

    // MARK: - The object's own grammar

    private mutating func readObject() throws {
        try expect("{", "'{'")
        var seen: Set<String> = []
        repeat {
            let key = try readKey()
            try expect(":", "':'")
            if ["snapshot", "nodes", "edges", "strings", "locations"].contains(key) {
                guard seen.insert(key).inserted else { throw failure("\(key) twice") }
                guard key == "snapshot" || header != nil else { throw failure("\(key) before snapshot") }
            }
            switch key {
            case "snapshot": try readHeader()
            case "nodes": try readNodes()
            case "edges": try readEdges()
            case "locations": try readLocations()
            case "strings": try readStrings()
            default: try skipValue()
            }
        } while try take(",")
        try expect("}", "',' or '}'")
        for needed in ["snapshot", "nodes", "edges", "strings"] where !seen.contains(needed) { throw failure("\(needed) is missing") }
        try expectEnd()
    }

    mutating func expectEnd() throws {
        guard try window.peek() == 0, window.position >= window.end else { throw failure("something stands behind the end") }
    }

    mutating func readKey() throws -> String {
        try expect("\"", "a key")
        var key: [UInt8] = []
        while true {
            if window.position >= window.end, try !window.refill() { throw truncated("the end of a key") }
            let byte = window.byte
            window.advance()
            if byte == UInt8(ascii: "\"") { return String(decoding: key, as: UTF8.self) }
            guard byte >= 0x20, byte != UInt8(ascii: "\\"), key.count < 64 else { throw failure("a key that is too long or not plain") }
            key.append(byte)
        }
    }

    mutating func readHeader() throws {
        var text: [UInt8] = []
        var value = NestedValue()
        guard try window.peek() == UInt8(ascii: "{") else { throw unexpected("the value of snapshot") }
        while true {
            if window.position >= window.end, try !window.refill() { throw truncated("\(value.expected) in snapshot") }
            // V8's header is below 2 KiB.
            guard text.count < 1 << 20 else { throw failure("a header of more than 1 MiB") }
            text.append(window.byte)
            switch value.take(window.byte) {
            case .more: window.advance()
            case .refused(let reason): throw failure(reason)
            case .closed:
                do { header = try SnapshotHeader.parse(text) } catch { throw failure(error.reason) }
                window.advance()
                return
            }
        }
    }

    /// Any value, in constant memory.
    mutating func skipValue() throws {
        var value = NestedValue()
        switch try window.peek() {
        case UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "\""): break
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "-"):
            while true {
                switch window.byte {
                case 0x30...0x39, 0x61...0x7A, UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "E"): window.advance()
                case 0 where window.position >= window.end:
                    guard try window.refill() else { return }
                default: return
                }
            }
        default: throw unexpected("a value")
        }
        while true {
            if window.position >= window.end, try !window.refill() { throw truncated(value.expected) }
            let rest = UnsafeRawBufferPointer(start: window.position, count: window.end - window.position)
            let position = value.skip(rest, from: 0)
            window.move(to: window.position + position)
            guard position < rest.count else { continue }
            switch value.take(window.byte) {
            case .more: window.advance()
            case .refused(let reason): throw failure(reason)
            case .closed:
                window.advance()
                return
            }
        }
    }

    // MARK: - Words for the sections

    mutating func take(_ character: Unicode.Scalar) throws -> Bool {
        guard try window.peek() == UInt8(ascii: character) else { return false }
        window.advance()
        return true
    }

    mutating func expect(_ character: Unicode.Scalar, _ what: String) throws {
        guard try take(character) else { throw unexpected(what) }
    }

    func failure(_ reason: String) -> SnapshotError { SnapshotError(offset: window.offset, reason: reason) }

    func truncated(_ expected: String) -> SnapshotError {
        SnapshotError(offset: window.offset, reason: "the snapshot ends where \(expected) should be", isTruncation: true)
    }

    /// The byte at the window's position is not what it should be, or there is none.
    func unexpected(_ expected: String) -> SnapshotError {
        window.position >= window.end ? truncated(expected) : failure("byte \(window.byte) where \(expected) should be")
    }
}
