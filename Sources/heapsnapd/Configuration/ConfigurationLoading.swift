import Capture
import Foundation
import Logging
import MemoryWatch
import SnapshotStore
import Supervisor
import Units

extension Configuration {
    static let directory = "/etc/heapsnapd"

    /// As the commands do: `configurationFile` (of `--config`) or /etc/heapsnapd/heapsnapd.yaml where it exists, conf.d, our environment, flags.
    static func load(configurationFile: String?, overrides: [(key: String, value: String)]) throws(ConfigurationError) -> Configuration {
        try load(
            files: files(named: configurationFile, in: directory), environment: ProcessInfo.processInfo.environment, overrides: overrides)
    }

    /// The named file or `heapsnapd.yaml` where it exists, then `conf.d/*.yaml` by name.
    static func files(named: String?, in directory: String) -> [String] {
        let standard = directory + "/heapsnapd.yaml"
        let first = named ?? (FileManager.default.fileExists(atPath: standard) ? standard : nil)
        let dropIns = ((try? FileManager.default.contentsOfDirectory(atPath: directory + "/conf.d")) ?? [])
            .filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted().map { "\(directory)/conf.d/\($0)" }
        return [first].compactMap { $0 } + dropIns
    }

    /// What comes later wins, key by key; a list is replaced as a whole.
    static func load(
        files: [String], environment: [String: String], overrides: [(key: String, value: String)]
    ) throws(ConfigurationError) -> Configuration {
        let schema = ConfigurationSchema.keys
        var settings: [String: Setting] = [:]
        for key in schema {
            settings[key.name] =
                key.kind == .rules
                ? Setting(value: .rules([]), text: "[]", origin: .builtIn) : try setting(key, key.standard ?? "", .builtIn)
        }
        for path in files { settings.merge(try ConfigurationFile(path: path).read()) { $1 } }
        for (name, text) in environment.sorted(by: { $0.key < $1.key }) where name.hasPrefix("HEAPSNAPD_") {
            guard let key = schema.first(where: { $0.environmentName == name }) else {
                // HEAPSNAPD_ANYTHING may be someone else's; HEAPSNAPD_STORE_ANYTHING can only mean us.
                let section = name.dropFirst("HEAPSNAPD_".count).prefix { $0 != "_" }.lowercased()
                guard schema.hasSection(section) else { continue }
                throw ConfigurationError(place: name, message: schema.unknownVariable(name))
            }
            settings[key.name] = try setting(key, text, .environment(name: name))
        }
        for (name, text) in overrides {
            guard let key = schema.named(name) else { throw ConfigurationError(place: "command line", message: schema.unknownKey(name)) }
            settings[name] = try setting(key, text, .commandLine)
        }
        return try Configuration(Settings(settings))
    }

    /// A value in one line, as in the environment: lists are separated by spaces, or written as in YAML without quotes.
    private static func setting(_ key: ConfigurationKey, _ text: String, _ origin: Origin) throws(ConfigurationError) -> Setting {
        let isFlow = text.hasPrefix("[") && text.hasSuffix("]")
        let words =
            isFlow
            ? text.dropFirst().dropLast().split(separator: ", ").map(String.init) : text.split(separator: " ").map(String.init)
        let entries = key.kind.isList ? words : [text]
        guard let value = key.kind.value(entries) else {
            throw ConfigurationError(place: origin.description, message: key.kind.complaint(entries, about: key.name))
        }
        return Setting(value: value, text: key.kind.isList ? flow(words) : text, origin: origin)
    }

    private init(_ settings: Settings) throws(ConfigurationError) {
        store = Store(
            dir: settings.string("store.dir"), maxUse: settings.size("store.maxUse"), keepFree: settings.ratio("store.keepFree"),
            maxAge: settings.duration("store.maxAge"), maxCountPerService: settings.integer("store.maxCountPerService"),
            compression: settings.choice("store.compression"), compressionLevel: settings.integer("store.compressionLevel"))
        launch = Launch(
            signal: settings.string("launch.signal"), nearHeapLimit: settings.integer("launch.nearHeapLimit"),
            handler: settings.choice("launch.handler"), diagnosticDir: settings.string("launch.diagnosticDir"),
            agent: .init(settings.string("launch.agent")))
        watch = Watch(
            triggers: settings.triggers("watch.triggers"), warmUp: settings.duration("watch.warmUp"), hysteresis: settings.ratio("watch.hysteresis"),
            window: settings.duration("watch.window"), kernelEvents: settings.bool("watch.kernelEvents"),
            maxInterval: settings.duration("watch.maxInterval"))
        limits = settings.limits()
        actions = try settings.actions("actions", exec: "actionsExec")
        capture = Capture(
            copyAttempts: settings.integer("capture.copyAttempts"), maxPause: settings.duration("capture.maxPause"),
            grace: settings.duration("capture.grace"),
            stallTimeout: settings.duration("capture.stallTimeout"), lend: settings.bool("capture.lend"),
            acceptRisk: settings.bool("capture.acceptRisk"), extraPerHeapByte: settings.number("capture.extraPerHeapByte"))
        supervise = Supervise(
            restart: settings.choice("supervise.restart"), backOff: settings.duration("supervise.backOff"),
            backOffMax: settings.duration("supervise.backOffMax"), startLimit: settings.integer("supervise.startLimit"),
            startLimitWindow: settings.duration("supervise.startLimitWindow"), tailStderr: settings.choice("supervise.tailStderr"))
        hooks = Hooks(
            onCapture: settings.words("hooks.onCapture"), onRefusal: settings.words("hooks.onRefusal"), onDeath: settings.words("hooks.onDeath"),
            timeout: settings.duration("hooks.timeout"))
        analysis = Analysis(afterCapture: settings.choice("analysis.afterCapture"), memoryMax: settings.size("analysis.memoryMax"))
        metrics = try settings.metrics()
        log = Log(level: settings.choice("log.level"))
        rules = try settings.rules()
        origins = settings.values.mapValues(\.origin)
        effective = ConfigurationSchema.keys.map { key in
            let setting = settings.values[key.name]
            return EffectiveSetting(key: key.name, value: setting?.text ?? "", origin: setting?.origin ?? .builtIn)
        }
        let times = [("watch.window", watch.window), ("watch.maxInterval", watch.maxInterval), ("hooks.timeout", hooks.timeout)]
        for (key, time) in times where time < .milliseconds(5) {
            throw ConfigurationError(place: origins[key]?.description, message: "cannot use \(key): \(time.text) is too short; write 5ms or more")
        }
    }
}
