public import Units

/// Tells whether a stream of bytes is a complete .heapsnapshot as Node 14 to 26 write it, while it passes by.
///
/// Checked: one JSON object and nothing after it but white space; `snapshot` first, with counts and fields; `nodes` and `edges` flat lists
/// of integers, as many as the header says; `strings` present and closed. Not checked: what the numbers mean, and JSON's finer grammar
/// in the sections that no count covers.
///
/// Cost: memory constant but for the header (at most 1 MiB); 4 to 6 GB/s over all. Never traps, whatever the bytes are.
/// How the stream is cut into pieces does not change the answer.
public struct StreamVerifier: Sendable {
    public enum Verdict: Sendable, Hashable {
        case complete(SnapshotHeader)
        /// All bytes were right, then they ended.
        case truncated(at: ByteCount, expected: String)
        case invalid(at: ByteCount, reason: String)
    }

    private enum Section: String { case snapshot, nodes, edges, strings, other }

    private enum Place {
        case start, firstKey, key, keyText, colon, value, comma, end
        case list(NumberList)
        case nested(NestedValue)
        case word
    }

    private var place = Place.start
    private var section = Section.other
    private var seen: Set<Section> = []
    private var text: [UInt8] = []
    private var header: SnapshotHeader?
    private var offset = 0
    private var failure: (at: Int, reason: String)?

    /// V8's header is below 2 KiB; more than this is not one.
    private static let longestHeader = 1 << 20
    private static let longestKey = 64

    public init() {}

    /// Bytes seen so far.
    public var consumed: ByteCount { ByteCount(offset) }

    public mutating func consume(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while position < bytes.count, failure == nil {
            switch place {
            case .list(var list):
                position = list.read(bytes, from: position)
                place = .list(list)
                if position < bytes.count { endList(list, bytes[position], at: position, &position) }
            case .nested(var nested):
                position = readNested(&nested, bytes, from: position)
            default:
                step(bytes[position], at: position, &position)
            }
        }
        offset += bytes.count
    }

    /// The verdict if the stream ends here.
    public func finish() -> Verdict {
        if let failure { return .invalid(at: ByteCount(failure.at), reason: failure.reason) }
        guard case .end = place, var header else { return .truncated(at: consumed, expected: expected) }
        header.stringCount = stringCount
        return .complete(header)
    }

    private var stringCount: Int?

    // MARK: - The object's own grammar

    private mutating func step(_ byte: UInt8, at position: Int, _ next: inout Int) {
        next = position + 1
        let isSpace = byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
        switch (place, byte) {
        case (.keyText, UInt8(ascii: "\"")): beginSection(at: position)
        case (.keyText, 0x20...) where text.count < Self.longestKey && byte != UInt8(ascii: "\\"): text.append(byte)
        case (.keyText, _): fail(position, "a key that is too long or not plain")
        case (.word, UInt8(ascii: ",")), (.word, UInt8(ascii: "}")):
            place = .comma
            next = position
        case (.word, 0x30...0x39), (.word, 0x61...0x7A), (.word, UInt8(ascii: ".")), (.word, UInt8(ascii: "+")), (.word, UInt8(ascii: "-")),
            (.word, UInt8(ascii: "E")):
            break
        case (.word, _) where isSpace: place = .comma
        case (_, _) where isSpace: break
        case (.start, UInt8(ascii: "{")): place = .firstKey
        case (.firstKey, UInt8(ascii: "\"")), (.key, UInt8(ascii: "\"")):
            text.removeAll(keepingCapacity: true)
            place = .keyText
        case (.colon, UInt8(ascii: ":")): place = .value
        case (.value, _): beginValue(byte, at: position, &next)
        case (.comma, UInt8(ascii: ",")): place = .key
        case (.comma, UInt8(ascii: "}")): end(at: position)
        default: fail(position, "byte \(byte) where \(expected) should be")
        }
    }

    private mutating func beginSection(at position: Int) {
        section = Section(rawValue: String(decoding: text, as: UTF8.self)) ?? .other
        place = .colon
        if section == .other { return }
        if !seen.insert(section).inserted { fail(position, "\(section) twice") }
        if header == nil, section != .snapshot { fail(position, "\(section) before snapshot") }
    }

    private mutating func beginValue(_ byte: UInt8, at position: Int, _ next: inout Int) {
        text.removeAll(keepingCapacity: true)
        switch (section, byte) {
        case (.nodes, UInt8(ascii: "[")), (.edges, UInt8(ascii: "[")), (.other, UInt8(ascii: "[")): place = .list(NumberList())
        case (.snapshot, UInt8(ascii: "{")), (.strings, UInt8(ascii: "[")), (.other, UInt8(ascii: "{")), (.other, UInt8(ascii: "\"")):
            place = .nested(NestedValue())
            next = position
        case (.other, 0x30...0x39), (.other, 0x61...0x7A), (.other, UInt8(ascii: "-")): place = .word
        default: fail(position, "byte \(byte) where the value of \(section) should begin")
        }
    }

    private mutating func end(at position: Int) {
        for needed in [Section.snapshot, .nodes, .edges, .strings] where !seen.contains(needed) {
            return fail(position, "\(needed) is missing")
        }
        place = .end
    }

    // MARK: - Values

    private mutating func endList(_ list: NumberList, _ byte: UInt8, at position: Int, _ next: inout Int) {
        if byte == UInt8(ascii: "]"), list.isClosed {
            next = position + 1
            place = .comma
            let wanted = section == .nodes ? header?.nodeNumbers : section == .edges ? header?.edgeNumbers : nil
            if let wanted, wanted != list.count { fail(position, "\(section) holds \(list.count) numbers, the header says \(wanted)") }
        } else if section == .other {
            place = .nested(NestedValue(insideArray: true))
        } else {
            fail(position, "byte \(byte) among the numbers of \(section)")
        }
    }

    private mutating func readNested(_ nested: inout NestedValue, _ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var position = start
        defer { if case .nested = place { place = .nested(nested) } }
        while position < bytes.count {
            if section != .snapshot { position = nested.skip(bytes, from: position) }
            guard position < bytes.count else { break }
            let byte = bytes[position]
            if section == .snapshot {
                guard text.count < Self.longestHeader else {
                    fail(position, "a header of more than \(Self.longestHeader) bytes")
                    return position
                }
                text.append(byte)
            }
            switch nested.take(byte) {
            case .more: position += 1
            case .refused(let reason):
                fail(position, reason)
                return position
            case .closed:
                place = .comma
                endNested(nested, at: position)
                return position + 1
            }
        }
        return position
    }

    private mutating func endNested(_ nested: NestedValue, at position: Int) {
        if section == .strings { stringCount = nested.strings }
        guard section == .snapshot else { return }
        do {
            header = try SnapshotHeader.parse(text)
            text = []
        } catch { fail(position, error.reason) }
    }

    private mutating func fail(_ position: Int, _ reason: String) {
        if failure == nil { failure = (offset + position, reason) }
    }

    private var expected: String {
        switch place {
        case .start: "'{'"
        case .firstKey, .key: "a key"
        case .keyText: "the end of a key"
        case .colon: "':'"
        case .value: "the value of \(section)"
        case .comma: "',' or '}'"
        case .end: "nothing more"
        case .word: "the end of a value"
        case .nested(let nested): "\(nested.expected) in \(section)"
        case .list(let list): "the end of \(section)" + (wantedText.map { " (\(list.count) of \($0) numbers seen)" } ?? "")
        }
    }

    private var wantedText: String? {
        switch section {
        case .nodes: header?.nodeNumbers.map(String.init)
        case .edges: header?.edgeNumbers.map(String.init)
        default: nil
        }
    }
}
