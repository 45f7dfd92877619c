import ArgumentParser

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Print the effective configuration, and where each value comes from.",
        discussion: """
            Later sources win: built-in defaults, /etc/heapsnapd/heapsnapd.yaml, /etc/heapsnapd/conf.d/*.yaml by name, HEAPSNAPD_* of the environment
            (store.maxUse is HEAPSNAPD_STORE_MAX_USE), the command line.

            EXAMPLES
              heapsnapd config
              heapsnapd config --json | jq -r '.[] | select(.origin != "default") | .key'
              heapsnapd config --template > /etc/heapsnapd/heapsnapd.yaml
            """)

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Print a configuration file in which every key is commented out at its default.") var template = false

    func run() throws {
        if template { return Terminal.print(String(ConfigurationSchema.commentedYAML.dropLast())) }
        let settings = try Configuration.load(configurationFile: options.configurationFile, overrides: options.overrides()).effective
        if options.json { return JSONOutput.print(settings.map { Line(key: $0.key, value: $0.value, origin: $0.origin.description) }) }
        var table = Table([("KEY", .left), ("VALUE", .left), ("FROM", .left)])
        for setting in settings { table.add([setting.key, setting.value, setting.origin.description]) }
        Terminal.print(table.text)
    }

    private struct Line: Encodable {
        var key: String
        var value: String
        var origin: String
    }
}
