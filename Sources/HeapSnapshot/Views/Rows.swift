/// A node as the views show it.
public struct NodeRow: Sendable, Hashable, Codable {
    /// V8's object id: of one process, and not across its forks.
    public var id: UInt32
    /// As DevTools names it, cut to `longestName` UTF-16 units; of a string its beginning. What the service's strings hold is in here: show it as
    /// `title`, which has no control characters.
    public var name: String
    public var className: String
    /// V8's type of the node: `object`, `closure`, `concatenated string`.
    public var kind: String
    /// References from a user root, which has 1; from 100,000,000 on: reached from V8's own roots only; -5: not at all.
    public var distance: Int32
    /// What is given wholly to its owner has 0.
    public var shallowBytes: UInt64
    public var retainedBytes: UInt64
    /// Whether a DOM node, or the like of the embedder, still belongs to a document: `attached`, `detached`; nil: unknown.
    public var detachedness: String?
    /// Of a function, or an object's constructor.
    public var location: SourceLocation?
    /// The file that `location` is in, where the snapshot has it.
    public var file: String?

    public static let longestName = 160

    /// For people: strings in quotes, functions with their place, nothing that a terminal would obey.
    public var title: String {
        let safe = DisplayText.safe(name)
        switch kind {
        case "string", "concatenated string", "sliced string": return "\"\(safe)\""
        case "closure":
            return (safe.isEmpty ? "(anonymous)" : safe) + "()" + (place.map { " " + $0 } ?? "")
        default: return safe.isEmpty ? "(\(kind))" : safe
        }
    }

    /// `/srv/shop/server.js:17:91`: lines and columns from 1, as editors count; of a long path its end.
    public var place: String? {
        guard let location else { return nil }
        guard let file else { return location.text }
        let safe = DisplayText.safe(file)
        let end = safe.count > 80 ? "…" + safe.suffix(79) : safe
        return "\(end):\(Int(location.line) + 1):\(Int(location.column) + 1)"
    }
}

/// A reference as the views show it.
public struct EdgeRow: Sendable, Hashable, Codable {
    /// A property, a variable, the number of an element.
    public var name: String
    /// V8's type of the edge: `context`, `element`, `property`, `internal`, `hidden`, `shortcut`, `weak`; `other` for what a later V8 writes.
    public var kind: String

    /// `.prop`, `[0]`, `variable x`, `(internal)`.
    public var text: String {
        let safe = DisplayText.safe(DisplayText.cut(name, to: 80))
        switch kind {
        case "element": return "[\(safe)]"
        case "shortcut" where UInt32(safe) != nil: return "[\(safe)]"
        case "property", "shortcut": return safe.contains(" ") || safe.isEmpty ? "[\"\(safe)\"]" : ".\(safe)"
        case "context": return "variable \(safe)"
        case "weak": return "(weak \(safe))"
        default: return "(\(safe))"
        }
    }
}

extension SourceLocation {
    /// Lines and columns from 1, as editors count.
    public var text: String { "script \(script):\(Int(line) + 1):\(Int(column) + 1)" }
}

/// Texts of the service, for people.
public enum DisplayText {
    /// At most this many UTF-16 units, the last of them a `…` where something is missing.
    public static func cut(_ text: String, to length: Int) -> String {
        guard text.utf16.count > length else { return text }
        var kept = ""
        var units = 0
        for scalar in text.unicodeScalars {
            units += scalar.value > 0xFFFF ? 2 : 1
            if units > length - 1 { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept + "…"
    }

    /// Without what moves a cursor, colours, or turns the direction of writing: names come from the service.
    public static func safe(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var shown = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": shown += "\\n"
            case "\t": shown += "\\t"
            case "\r": shown += "\\r"
            case let scalar where isUnsafe(scalar): shown += "\\u{\(String(scalar.value, radix: 16))}"
            default: shown.unicodeScalars.append(scalar)
            }
        }
        return shown
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
        default: false
        }
    }
}
