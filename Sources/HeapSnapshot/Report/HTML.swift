/// Text that is safe to write into a page: what stands in the source is markup, what is interpolated is escaped.
///
///     let cell: HTML = "<td>\(className)</td>"
///
/// A `String` that is made at run time cannot become markup by itself.
struct HTML: Sendable, Hashable, ExpressibleByStringInterpolation {
    private(set) var source: String

    init(stringLiteral value: String) { source = value }
    init(stringInterpolation: StringInterpolation) { source = stringInterpolation.source }

    struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var source = ""

        init(literalCapacity: Int, interpolationCount: Int) { source.reserveCapacity(literalCapacity + 16 * interpolationCount) }
        mutating func appendLiteral(_ literal: String) { source += literal }
        mutating func appendInterpolation(_ text: String) { HTML.escape(text, into: &source) }
        mutating func appendInterpolation(_ number: some BinaryInteger) { source += String(number) }
        mutating func appendInterpolation(_ html: HTML) { source += html.source }
        mutating func appendInterpolation(_ html: HTML?) { if let html { source += html.source } }
        mutating func appendInterpolation(_ parts: [HTML]) { for part in parts { source += part.source } }
    }

    /// More marks on one letter than any language needs: they would be painted over the rows above.
    private static let marksOnALetter = 3

    /// Characters that mean something to HTML become references. What cannot be seen, or turns the reading direction of what follows, is written as
    /// its number: `\u{202E}`.
    private static func escape(_ text: String, into source: inout String) {
        let isPlain = text.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != 0x26 && $0 != 0x3C && $0 != 0x3E && $0 != 0x22 && $0 != 0x27 }
        guard !isPlain else { return source += text }
        var marks = 0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": source += "&amp;"
            case "<": source += "&lt;"
            case ">": source += "&gt;"
            case "\"": source += "&quot;"
            case "'": source += "&#39;"
            case " "..."~": source.unicodeScalars.append(scalar)
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
                    source += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
                case .nonspacingMark, .enclosingMark:
                    marks += 1
                    if marks <= marksOnALetter { source.unicodeScalars.append(scalar) }
                    continue
                default: source.unicodeScalars.append(scalar)
                }
            }
            marks = 0
        }
    }
}

extension String {
    /// At most `limit` characters of it: its start and its end, and how long it is.
    func shortened(_ limit: Int) -> String {
        // A scalar has at least one byte.
        guard utf8.count > limit else { return self }
        let length = unicodeScalars.count
        guard length > limit else { return self }
        let tail = limit / 4
        return "\(String(unicodeScalars.prefix(limit - tail)))…\(String(unicodeScalars.suffix(tail))) (\(length.grouped) characters)"
    }
}
