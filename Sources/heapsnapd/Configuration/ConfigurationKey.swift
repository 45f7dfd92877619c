import MemoryWatch
import Units

/// One row of a schema: drives parsing, the commented file, the manual page and `config`.
struct ConfigurationKey: Sendable {
    /// Dotted: `store.maxUse`.
    var name: String
    var kind: Kind
    /// In its text form, as it would be written. Nil in the schema of a rule where the top level's value counts.
    var standard: String?
    /// One or more sentences.
    var text: String

    init(_ name: String, _ kind: Kind, _ standard: String?, _ text: String) {
        self.name = name
        self.kind = kind
        self.standard = standard
        self.text = text
    }

    enum Kind: Sendable, Hashable {
        case size, ratio, duration, bool, string, words, triggers
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        case choice([String])
        /// One of these words, or an absolute path.
        case choiceOrPath([String])
        case choices([String])
        /// A list of mappings with a schema of their own; only in files.
        case rules

        var isList: Bool {
            switch self {
            case .words, .triggers, .choices, .rules: true
            default: false
            }
        }
    }

    /// `HEAPSNAPD_STORE_MAX_USE`.
    var environmentName: String {
        "HEAPSNAPD_" + name.reduce(into: "") { $0 += $1 == "." ? "_" : $1.isUppercase ? "_\($1)" : $1.uppercased() }
    }
}

/// A value that has been read.
enum ConfigurationValue: Sendable, Hashable {
    case size(ByteCount), ratio(Ratio), duration(Duration), integer(Int), number(Double), bool(Bool), string(String), words([String])
    case triggers([Trigger])
    case rules([RuleSettings])
}

/// A value, as it was written, and where.
struct Setting: Sendable, Hashable {
    var value: ConfigurationValue
    var text: String
    var origin: Origin
}

/// What was set in one rule of a file; checked, but not yet filled up with the values of the top level.
struct RuleSettings: Sendable, Hashable {
    var settings: [String: Setting]
    var origin: Origin
}

extension ConfigurationKey.Kind {
    /// - Parameter words: one for a single value; the entries of a list.
    /// - Returns: nil when they are not of this kind.
    func value(_ words: [String]) -> ConfigurationValue? {
        switch self {
        case .words: return .words(words)
        case .choices(let allowed): return words.allSatisfy(allowed.contains) ? .words(words) : nil
        case .triggers:
            guard let triggers = try? words.flatMap({ try Trigger.parse($0) }) else { return nil }
            return .triggers(triggers)
        case .rules: return nil
        default: return words.count == 1 ? single(words[0]) : nil
        }
    }

    private func single(_ text: String) -> ConfigurationValue? {
        switch self {
        case .size: ByteCount(text).map { .size($0) }
        case .ratio: Ratio(text).flatMap { $0 <= .percent(100) ? .ratio($0) : nil }
        case .duration: Duration(text: text).map { .duration($0) }
        case .integer(let range): Int(text).flatMap { range.contains($0) ? .integer($0) : nil }
        case .number(let range): Double(text).flatMap { range.contains($0) ? .number($0) : nil }
        case .bool: ["true": true, "yes": true, "on": true, "false": false, "no": false, "off": false][text].map { .bool($0) }
        case .string: .string(text)
        case .choice(let allowed): allowed.contains(text) ? .string(text) : nil
        case .choiceOrPath(let allowed): allowed.contains(text) || text.hasPrefix("/") ? .string(text) : nil
        default: nil
        }
    }

    /// Why `words` are not of this kind, and what would be.
    func complaint(_ words: [String], about name: String) -> String {
        if self == .triggers {
            do { _ = try words.flatMap { try Trigger.parse($0) } } catch { return "\(name): \(error)" }
        }
        return "cannot read \(name): '\(words.joined(separator: " "))' does not fit; write \(form)"
    }

    /// What such a value looks like; completes "write ...".
    var form: String {
        switch self {
        case .size: "a size like 512MiB, 10G or 1000000"
        case .ratio: "a share like 15% or 0.15"
        case .duration: "a time like 250ms, 30s, 1h30m or 30d"
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .number(let range): "a number from \(range.lowerBound) to \(range.upperBound)"
        case .bool: "true or false"
        case .string: "one text"
        case .words: "a list like [a, b]"
        case .choice(let allowed): allowed.joined(separator: ", ")
        case .choiceOrPath(let allowed): allowed.joined(separator: ", ") + " or an absolute path"
        case .choices(let allowed): "a list of " + allowed.joined(separator: ", ")
        case .triggers: "a list of triggers like [use=85%, \"rss=400M,600M\", growth=150%, timeToLimit=15s, latestSafeMoment=15m, heap=90%]"
        case .rules: "a list of rules, in a file"
        }
    }
}
