/// Passes a snapshot through with other ids; every other byte stays as it is.
///
/// Memory: half a MiB beside the ids. Cost: 3 ns a byte of the nodes, next to nothing for the rest.
public struct IDRewriting {
    private enum Place { case start, key, keyText, colon, value, other, header, numbers, rest }

    private let identities: Identities
    private let count: Int
    private var place = Place.start
    private var key: [UInt8] = []
    private var header: [UInt8] = []
    private var value = NestedValue()
    private var fields = 0
    private var idField = 0
    private var field = 0
    private var node = 0
    private var isWritten = false
    private var offset = 0
    private var out: [UInt8] = []

    private init(_ identities: Identities, count: Int) { (self.identities, self.count) = (identities, count) }

    /// - Parameters:
    ///   - source: the plain bytes of the snapshot that `identities` was made for; it must have been read without fault.
    ///   - nodeCount: its nodes.
    ///   - write: gets the bytes in order, in pieces.
    /// - Throws: `SnapshotError` where the bytes are not those of such a snapshot, by then some have been written; what `source` and `write` throw.
    public static func copy(_ source: ByteSource, _ identities: Identities, nodeCount: Int, to write: (UnsafeRawBufferPointer) throws -> Void) throws
    {
        var rewriting = IDRewriting(identities, count: nodeCount)
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = try source.read(buffer)
            if count == 0 { break }
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if case .rest = rewriting.place {
                try write(piece)
                continue
            }
            rewriting.out.removeAll(keepingCapacity: true)
            for (at, byte) in piece.enumerated() {
                if case .rest = rewriting.place {
                    rewriting.out += piece[at...]
                    break
                }
                try rewriting.take(byte)
            }
            try rewriting.out.withUnsafeBytes(write)
        }
        guard case .rest = rewriting.place else { throw rewriting.failure("the snapshot ends before its nodes do") }
    }

    private mutating func take(_ byte: UInt8) throws {
        defer { offset += 1 }
        let isSpace = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        switch place {
        case .numbers: return try number(byte, isSpace: isSpace)
        case .header, .other: try nested(byte)
        case .keyText:
            // No key of V8's is as long.
            guard key.count < 64 else { throw failure("a key that is too long") }
            if byte == UInt8(ascii: "\"") { place = .colon } else { key.append(byte) }
        case _ where isSpace: break
        case .start, .key:
            if byte == UInt8(ascii: "\"") {
                place = .keyText
                key = []
            } else if byte != UInt8(ascii: "{"), byte != UInt8(ascii: ",") {
                throw failure("byte \(byte) where a key should be")
            }
        case .colon: place = .value
        case .value: try begin(byte)
        case .rest: break
        }
        out.append(byte)
    }

    private mutating func begin(_ byte: UInt8) throws {
        value = NestedValue()
        switch String(decoding: key, as: UTF8.self) {
        case "snapshot":
            place = .header
            try nested(byte)
        case "nodes":
            guard fields > 0, byte == UInt8(ascii: "[") else { throw failure("nodes without a header") }
            place = .numbers
        default:
            // A bare word has no end of its own; V8 writes none here.
            place = .other
            try nested(byte)
        }
    }

    private mutating func nested(_ byte: UInt8) throws {
        let isHeader = if case .header = place { true } else { false }
        if isHeader {
            guard header.count < 1 << 20 else { throw failure("a header of more than 1 MiB") }
            header.append(byte)
        }
        switch value.take(byte) {
        case .more: break
        case .refused(let reason): throw failure(reason)
        case .closed:
            place = .key
            guard isHeader else { return }
            do {
                let parsed = try SnapshotHeader.parse(header)
                guard let position = parsed.nodeFields.firstIndex(of: "id"), parsed.nodeCount == count else {
                    throw failure("not the snapshot of these ids")
                }
                (fields, idField) = (parsed.nodeFields.count, position)
            } catch let error as SnapshotHeader.Malformed { throw failure(error.reason) }
        }
    }

    @inline(__always)
    private mutating func number(_ byte: UInt8, isSpace: Bool) throws {
        switch byte {
        case UInt8(ascii: ","):
            field &+= 1
            isWritten = false
            if field == fields { (field, node) = (0, node &+ 1) }
        case UInt8(ascii: "]"): place = .rest
        case _ where isSpace: break
        default:
            guard field == idField else { break }
            guard node < count else { throw failure("more nodes than ids") }
            // In place of its first digit; the others go.
            if !isWritten { out += Array(String(identities[node]).utf8) }
            isWritten = true
            return
        }
        out.append(byte)
    }

    private func failure(_ reason: String) -> SnapshotError { SnapshotError(offset: offset, reason: reason) }
}
