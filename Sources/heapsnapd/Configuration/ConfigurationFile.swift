import Foundation
import Yams

/// One YAML file, checked against a schema.
struct ConfigurationFile {
    /// What a person writes has a few hundred lines.
    static let largest = 1 << 20

    let path: String

    /// - Returns: the settings by the names of their keys; nothing for an empty file.
    func read() throws(ConfigurationError) -> [String: Setting] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw ConfigurationError(
                place: path, message: "cannot read configuration: \(String(cString: strerror(errno))); check the path and its permissions")
        }
        let data: Data?
        do { data = try handle.read(upToCount: ConfigurationFile.largest + 1) } catch {
            throw ConfigurationError(place: path, message: "cannot read configuration: it is not a readable file; check the path")
        }
        guard let text = String(validating: data ?? Data(), as: UTF8.self) else {
            throw ConfigurationError(place: path, message: "cannot read configuration: it is not UTF-8 text; check that it is the right file")
        }
        return try parse(text)
    }

    /// ```yaml
    /// store:
    ///   maxUse: 20GiB
    /// watch:
    ///   triggers: [use=80%, timeToLimit=20s]
    /// rules:
    ///   - name: big
    ///     services: ["api-*"]
    ///     triggers: [rss=2G]
    /// ```
    func parse(_ text: String) throws(ConfigurationError) -> [String: Setting] {
        guard text.utf8.count <= ConfigurationFile.largest else {
            throw ConfigurationError(place: path, message: "cannot read configuration: it is larger than 1 MiB; check that it is the right file")
        }
        try refuseAnchors(text)
        let root: Node?
        // Nesting is limited to 1,000 levels by libyaml.
        do { root = try compose(yaml: text, .default, .default, .utf8) } catch { throw syntaxError(error) }
        var settings: [String: Setting] = [:]
        if let root { try collect(root, below: "", ConfigurationSchema.keys, into: &settings) }
        return settings
    }

    /// An alias used as a key is hashed with all it stands for: 24 anchors, each twice the one before, take minutes. Nobody needs them here.
    private func refuseAnchors(_ text: String) throws(ConfigurationError) {
        var (line, column) = (1, 0)
        var previous: (Unicode.Scalar?, Unicode.Scalar?) = (nil, nil)
        func isWord(_ scalar: Unicode.Scalar?) -> Bool {
            scalar.map { $0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "_" || $0 == "-" } ?? false
        }
        for scalar in text.unicodeScalars {
            if previous.1 == "&" && isWord(scalar) && !isWord(previous.0) {
                throw error("anchors are not supported", line, column, "repeat the value; in a text put a space after the &")
            }
            (line, column) = scalar == "\n" ? (line + 1, 0) : (line, column + 1)
            previous = (previous.1, scalar)
        }
    }

    private func collect(
        _ node: Node, below prefix: String, _ schema: [ConfigurationKey], into settings: inout [String: Setting]
    ) throws(ConfigurationError) {
        if case .scalar(let scalar) = node, scalar.string.isEmpty { return }  // `store:` with everything below commented out
        guard case .mapping(let mapping) = node else {
            throw error("\(prefix.isEmpty ? "the file" : "'\(prefix)'") is not a mapping", node.mark, "write `key: value` lines")
        }
        for (keyNode, valueNode) in mapping {
            guard case .scalar(let key) = keyNode else { throw error("a key is not a word", keyNode.mark, "write `key: value` lines") }
            let name = prefix.isEmpty ? key.string : "\(prefix).\(key.string)"
            if let dot = key.string.firstIndex(of: "."), schema.named(name) != nil {
                let (section, rest) = (key.string[..<dot], key.string[key.string.index(after: dot)...])
                throw ConfigurationError(
                    place: place(keyNode.mark), message: "unknown key '\(name)'; write '\(section):' and '\(rest): ...' below it")
            }
            if let known = schema.named(name) {
                settings[name] = try setting(valueNode, known)
            } else if schema.hasSection(name) {
                try collect(valueNode, below: name, schema, into: &settings)
            } else {
                throw ConfigurationError(place: place(keyNode.mark), message: schema.unknownKey(name))
            }
        }
    }

    private func setting(_ node: Node, _ key: ConfigurationKey) throws(ConfigurationError) -> Setting {
        if key.kind == .rules { return try rules(node, key) }
        let words: [String]
        switch node {
        case .scalar(let scalar):
            words = key.kind.isList ? scalar.string.split(separator: " ").map(String.init) : [scalar.string]
        case .sequence(let sequence) where key.kind.isList:
            let scalars = sequence.compactMap { $0.scalar?.string }
            guard scalars.count == sequence.count else { throw misfit(key, "a nested list", node.mark) }
            words = scalars
        default: throw misfit(key, node.mapping == nil ? "a list" : "a mapping", node.mark)
        }
        let text = key.kind.isList ? flow(words) : words[0]
        guard let value = key.kind.value(words) else {
            throw ConfigurationError(place: place(node.mark), message: key.kind.complaint(words, about: key.name))
        }
        return Setting(value: value, text: text, origin: origin(node.mark))
    }

    private func rules(_ node: Node, _ key: ConfigurationKey) throws(ConfigurationError) -> Setting {
        guard case .sequence(let sequence) = node else { throw misfit(key, "this", node.mark) }
        var rules: [RuleSettings] = []
        for entry in sequence {
            guard case .mapping = entry else { throw error("a rule is not a mapping", entry.mark, "write `- name: ...` and its other keys below") }
            var settings: [String: Setting] = [:]
            try collect(entry, below: "", ConfigurationSchema.ruleKeys, into: &settings)
            rules.append(RuleSettings(settings: settings, origin: origin(entry.mark)))
        }
        let names = rules.map { $0.settings["name"]?.text ?? "?" }
        return Setting(value: .rules(rules), text: flow(names), origin: origin(node.mark))
    }

    private func misfit(_ key: ConfigurationKey, _ found: String, _ mark: Mark?) -> ConfigurationError {
        error("cannot read \(key.name): \(found) does not fit", mark, "write \(key.kind.form)")
    }

    private func error(_ message: String, _ mark: Mark?, _ remedy: String) -> ConfigurationError {
        ConfigurationError(place: place(mark), message: "\(message); \(remedy)")
    }

    private func error(_ message: String, _ line: Int, _ column: Int, _ remedy: String) -> ConfigurationError {
        ConfigurationError(place: "\(path):\(line):\(column)", message: "\(message); \(remedy)")
    }

    private func place(_ mark: Mark?) -> String { mark.map { "\(path):\($0.line):\($0.column)" } ?? path }
    private func origin(_ mark: Mark?) -> Origin { .file(path: path, line: mark?.line ?? 1, column: mark?.column ?? 1) }

    private func syntaxError(_ error: any Error) -> ConfigurationError {
        switch error as? YamlError {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            ConfigurationError(place: place(mark), message: "cannot read YAML: \(problem); correct the line")
        case .duplicatedKeysInMapping(let keys, let context):
            ConfigurationError(place: place(context.mark), message: "key '\(keys.first ?? "?")' is there more than once; keep one of them")
        case .reader(let problem, _, _, _):
            ConfigurationError(place: path, message: "cannot read configuration: \(problem); check that it is the right file")
        default:
            ConfigurationError(place: path, message: "cannot read YAML: \(error); correct the file")
        }
    }
}

/// `[a, "b c"]`, as it could be written.
func flow(_ words: [String]) -> String {
    "["
        + words.map {
            $0.contains { " ,[]{}\"'#:*&".contains($0) } || $0.isEmpty ? "\"\($0.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" : $0
        }
        .joined(separator: ", ") + "]"
}
