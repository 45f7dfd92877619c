// Pieces of kernel text, as bytes: names below /proc need not be UTF-8, and bytes are an order of magnitude faster than characters.

typealias Bytes = ArraySlice<UInt8>

extension Collection<UInt8> where SubSequence == Bytes {
    /// Lossy: what is not UTF-8 becomes U+FFFD.
    var text: String { String(decoding: self, as: UTF8.self) }
    var lines: [Bytes] { split(separator: UInt8(ascii: "\n")) }
    /// Words between spaces or tabs.
    var words: [Bytes] { split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == UInt8(ascii: "\n") } }
}

extension Bytes {
    /// A decimal number and nothing else.
    func number<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number? { Number(text) }
    /// Without 0x, as in the signal masks of /proc/PID/status.
    var hexadecimal: UInt64? { UInt64(text, radix: 16) }

    /// `Name:\tvalue` or `Name: value`.
    var labelled: (label: String, value: Bytes)? {
        guard let colon = firstIndex(of: UInt8(ascii: ":")) else { return nil }
        return (self[..<colon].text, self[(colon + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") })
    }
}

/// `name 1234` per line, as in memory.stat, memory.events and memory.oom_control. Lines of another shape are skipped.
func parseFlatKeyed(_ bytes: [UInt8]) -> [String: UInt64] {
    var values: [String: UInt64] = [:]
    for line in bytes.lines {
        let words = line.words
        if words.count == 2, let value = words[1].number(UInt64.self) { values[words[0].text] = value }
    }
    return values
}
