import ArgumentParser

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .customLong("config"), help: ArgumentHelp("Read this configuration file instead of /etc/heapsnapd/heapsnapd.yaml.", valueName: "file"))
    var configurationFile: String?

    @Option(
        name: .customLong("snapshot-dir"),
        help: ArgumentHelp("Keep snapshots here; default: $STATE_DIRECTORY, /var/lib/heapsnapd (root), ~/.local/state/heapsnapd.", valueName: "dir"))
    var snapshotDirectory: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Set any configuration key, as in --set store.maxUse=2G; may be repeated.", valueName: "key=value"))
    var settings: [String] = []

    @Flag(help: "Print JSON (docs/json.md).")
    var json = false

    /// A configuration of this command's own, which a daemon does not have.
    var isSpecific: Bool { configurationFile != nil || snapshotDirectory != nil || !settings.isEmpty }

    /// The command line's share of the configuration, the last and strongest source.
    func overrides(_ more: [(key: String, value: String?)] = []) throws -> [(key: String, value: String)] {
        let settings = try self.settings.map { setting -> (key: String, value: String) in
            guard let equals = setting.firstIndex(of: "=") else { throw ValidationError("--set takes key=value, not '\(setting)'") }
            return (String(setting[..<equals]), String(setting[setting.index(after: equals)...]))
        }
        let named = [(key: "store.dir", value: snapshotDirectory)] + more
        return settings + named.compactMap { entry in entry.value.map { (entry.key, $0) } }
    }
}
