/// A JSON value of a small, bounded text: the header of a snapshot. The body is never held this way.
enum JSONText: Equatable {
    case object([String: JSONText])
    case array([JSONText])
    case string(String)
    /// As written; the caller decides what range it accepts.
    case number(String)
    case bool(Bool)
    case null

    /// nil when the text is not one JSON value, or nests deeper than 32 (V8's header nests 4 deep).
    static func parse(_ text: [UInt8]) -> JSONText? {
        var scanner = Scanner(text: text)
        guard let value = scanner.value(depth: 0) else { return nil }
        scanner.skipSpace()
        return scanner.position == text.count ? value : nil
    }

    subscript(key: String) -> JSONText? {
        if case .object(let members) = self { members[key] } else { nil }
    }

    var first: JSONText? {
        if case .array(let elements) = self { elements.first } else { nil }
    }

    /// A count or an index: digits only, within Int.
    var natural: Int? {
        if case .number(let digits) = self, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { Int(digits) } else { nil }
    }

    /// The elements, where all are strings.
    var strings: [String]? {
        guard case .array(let elements) = self else { return nil }
        let texts = elements.compactMap { if case .string(let text) = $0 { text } else { nil } }
        return texts.count == elements.count ? texts : nil
    }
}

private struct Scanner {
    let text: [UInt8]
    var position = 0

    var next: UInt8? { position < text.count ? text[position] : nil }

    mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func value(depth: Int) -> JSONText? {
        guard depth <= 32 else { return nil }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return object(depth: depth)
        case UInt8(ascii: "["): return array(depth: depth)
        case UInt8(ascii: "\""): return string().map(JSONText.string)
        default: return word()
        }
    }

    mutating func object(depth: Int) -> JSONText? {
        guard take("{") else { return nil }
        var members: [String: JSONText] = [:]
        if take("}") { return .object(members) }
        repeat {
            skipSpace()
            guard let key = string(), take(":"), let member = value(depth: depth + 1), members.updateValue(member, forKey: key) == nil else {
                return nil
            }
        } while take(",")
        return take("}") ? .object(members) : nil
    }

    mutating func array(depth: Int) -> JSONText? {
        guard take("[") else { return nil }
        var elements: [JSONText] = []
        if take("]") { return .array(elements) }
        repeat {
            guard let element = value(depth: depth + 1) else { return nil }
            elements.append(element)
        } while take(",")
        return take("]") ? .array(elements) : nil
    }

    /// The names in a header are plain words; an escape there is not V8's and is refused.
    mutating func string() -> String? {
        guard take("\"") else { return nil }
        let start = position
        while let byte = next, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { position += 1 }
        let content = text[start..<position]
        return take("\"") ? String(validating: content, as: UTF8.self) : nil
    }

    mutating func word() -> JSONText? {
        let start = position
        while let byte = next, (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte) || "+-.E".utf8.contains(byte) { position += 1 }
        switch String(decoding: text[start..<position], as: UTF8.self) {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .null
        case let number: return Double(number) == nil ? nil : .number(number)
        }
    }
}
