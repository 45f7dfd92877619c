import MemoryWatch
import Units

/// Settings by key, read with their types. The kind was checked against the schema when they were read, so a mismatch is a mistake in this
/// directory; a test loads every key.
struct Settings {
    let values: [String: Setting]
    init(_ values: [String: Setting]) { self.values = values }

    func size(_ key: String) -> ByteCount { if case .size(let value) = self[key] { value } else { mistake(key) } }
    func ratio(_ key: String) -> Ratio { if case .ratio(let value) = self[key] { value } else { mistake(key) } }
    func duration(_ key: String) -> Duration { if case .duration(let value) = self[key] { value } else { mistake(key) } }
    func integer(_ key: String) -> Int { if case .integer(let value) = self[key] { value } else { mistake(key) } }
    func number(_ key: String) -> Double { if case .number(let value) = self[key] { value } else { mistake(key) } }
    func bool(_ key: String) -> Bool { if case .bool(let value) = self[key] { value } else { mistake(key) } }
    func string(_ key: String) -> String { if case .string(let value) = self[key] { value } else { mistake(key) } }
    func words(_ key: String) -> [String] { if case .words(let value) = self[key] { value } else { mistake(key) } }
    func triggers(_ key: String) -> [Trigger] { if case .triggers(let value) = self[key] { value } else { mistake(key) } }
    func choice<Choice: RawRepresentable<String>>(_ key: String) -> Choice {
        if let choice = Choice(rawValue: string(key)) { choice } else { mistake(key) }
    }

    private subscript(key: String) -> ConfigurationValue? { values[key]?.value }
    private func mistake(_ key: String) -> Never { fatalError("the schema and the reading of '\(key)' differ") }
}

extension Settings {
    func limits() -> Limits {
        Limits(count: integer("limits.count"), window: duration("limits.window"), cooldown: duration("limits.cooldown"))
    }

    func actions(_ key: String, exec: String) throws(ConfigurationError) -> [Action] {
        let command = words(exec)
        let names = words(key)
        if names.contains("exec") && command.isEmpty {
            throw ConfigurationError(
                place: values[key]?.origin.description,
                message: "cannot use the action exec: \(exec) is empty; write its command, like [/usr/bin/notify, now]")
        }
        return names.map { name in
            switch name {
            case "exec": .exec(command)
            case "terminate": .terminate
            default: .capture
            }
        }
    }

    /// The default rule and those of the files.
    func rules() throws(ConfigurationError) -> [Rule] {
        var rules: [Rule] = []
        if !triggers("watch.triggers").isEmpty {
            rules.append(
                Rule(
                    name: "default", triggers: triggers("watch.triggers"), actions: try actions("actions", exec: "actionsExec"), limits: limits(),
                    warmUp: duration("watch.warmUp"), hysteresis: ratio("watch.hysteresis")))
        }
        guard case .rules(let further)? = values["rules"]?.value else { return rules }
        for entry in further {
            let rule = try rule(entry)
            if rules.contains(where: { $0.name == rule.name }) {
                throw ConfigurationError(
                    place: entry.origin.description, message: "cannot use rule '\(rule.name)': there is another of that name; rename one")
            }
            rules.append(rule)
        }
        return rules
    }

    /// What the entry leaves out is taken from the top level.
    private func rule(_ entry: RuleSettings) throws(ConfigurationError) -> Rule {
        for key in ["name", "triggers"] where entry.settings[key] == nil {
            throw ConfigurationError(place: entry.origin.description, message: "cannot use this rule: it has no \(key); add one")
        }
        var merged = entry.settings
        let inherited = ["actions": "actions", "exec": "actionsExec", "warmUp": "watch.warmUp"]
        for key in ConfigurationSchema.ruleKeys where merged[key.name] == nil { merged[key.name] = values[inherited[key.name] ?? key.name] }
        let settings = Settings(merged)
        func words(_ key: String) -> [String] { entry.settings[key] == nil ? [] : settings.words(key) }
        return Rule(
            name: settings.string("name"), triggers: settings.triggers("triggers"),
            filter: Filter(
                services: words("services"), units: words("units"), cgroups: words("cgroups"), commands: words("commands"), users: words("users")),
            actions: try settings.actions("actions", exec: "exec"), limits: settings.limits(), warmUp: settings.duration("warmUp"),
            hysteresis: ratio("watch.hysteresis"))
    }
}
