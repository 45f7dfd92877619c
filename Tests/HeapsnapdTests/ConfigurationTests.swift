import Capture
import Foundation
import Logging
import MemoryWatch
import SnapshotStore
import Supervisor
import Testing
import Units

@testable import heapsnapd

@Suite struct ConfigurationTests {
    /// A directory like /etc/heapsnapd.
    private final class Directory {
        let path = NSTemporaryDirectory() + "heapsnapd-configuration-" + UUID().uuidString
        init() throws { try FileManager.default.createDirectory(atPath: path + "/conf.d", withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func write(_ name: String, _ text: String) throws -> String {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
            return "\(path)/\(name)"
        }
    }

    private func load(
        _ files: [String] = [], environment: [String: String] = [:], overrides: [(key: String, value: String)] = []
    ) throws -> Configuration {
        try Configuration.load(files: files, environment: environment, overrides: overrides)
    }

    /// The message of a file's error, without the path before it.
    private func complaint(_ text: String) -> String? {
        do { _ = try ConfigurationFile(path: "f").parse(text) } catch { return error.description }
        return nil
    }

    // MARK: values

    @Test func defaults() throws {
        let configuration = try load()
        #expect(configuration.store.maxUse == .gibibytes(10) && configuration.store.keepFree == .percent(15) && configuration.store.dir.isEmpty)
        #expect(configuration.store.maxAge == .seconds(30 * 86_400) && configuration.store.compression == .zstd)
        #expect(configuration.launch.signal == "SIGUSR2" && configuration.launch.handler == .node && configuration.launch.nearHeapLimit == 1)
        #expect(configuration.launch.agent == .auto)
        #expect(configuration.capture.extraPerHeapByte == 10 && configuration.capture.lend && !configuration.capture.acceptRisk)
        #expect(configuration.supervise.restart == .no && configuration.supervise.tailStderr == .auto && configuration.log.level == .info)
        let rule = try #require(configuration.rules.first)
        #expect(configuration.rules.count == 1 && rule.name == "default" && rule.actions == [.capture])
        #expect(rule.triggers == [.use(.percent(85)), .timeToLimit(.seconds(15)), .latestSafeMoment(within: .seconds(900))])
        #expect(rule.limits == Limits(count: 3, window: .seconds(3_600), cooldown: .seconds(120)))
        #expect(configuration.origins.count == ConfigurationSchema.keys.count && configuration.origins.values.allSatisfy { $0 == .builtIn })
    }

    @Test func laterSourcesWinKeyByKey() throws {
        let directory = try Directory()
        let main = try directory.write("heapsnapd.yaml", "store:\n  maxUse: 1G\n  maxAge: 1d\n  keepFree: 1%\nlog: {level: debug}\n")
        _ = try directory.write("conf.d/20.yaml", "store:\n  maxUse: 20G\n")
        _ = try directory.write("conf.d/10.yaml", "store:\n  maxUse: 10G\n  maxAge: 2d\n")
        _ = try directory.write("conf.d/30.txt", "not: read\n")
        let files = Configuration.files(named: nil, in: directory.path)
        #expect(files == [main] + ["10.yaml", "20.yaml"].map { "\(directory.path)/conf.d/\($0)" })
        let configuration = try load(
            files, environment: ["HEAPSNAPD_LOG_LEVEL": "warning", "HEAPSNAPD_STORE_MAX_COUNT_PER_SERVICE": "7", "HOME": "/"],
            overrides: [("store.maxCountPerService", "8")])
        #expect(
            configuration.store.maxUse == .gibibytes(20) && configuration.store.maxAge == .seconds(172_800)
                && configuration.store.keepFree == .percent(1))
        #expect(configuration.log.level == .warning && configuration.store.maxCountPerService == 8)
        #expect(configuration.origins["store.maxUse"] == .file(path: "\(directory.path)/conf.d/20.yaml", line: 2, column: 11))
        #expect(configuration.origins["log.level"]?.description == "HEAPSNAPD_LOG_LEVEL")
        #expect(configuration.origins["store.maxCountPerService"] == .commandLine && configuration.origins["store.dir"] == .builtIn)
        #expect(configuration.effective.first { $0.key == "store.maxUse" }?.value == "20G")
        #expect(configuration.effective.map(\.key) == ConfigurationSchema.keys.map(\.name))
    }

    @Test func aNamedFileReplacesTheFirstOnly() throws {
        let directory = try Directory()
        _ = try directory.write("heapsnapd.yaml", "store: {maxUse: 1G}\n")
        let dropIn = try directory.write("conf.d/10.yaml", "")
        #expect(Configuration.files(named: "/x.yaml", in: directory.path) == ["/x.yaml", dropIn])
        #expect(Configuration.files(named: nil, in: "/nonexistent").isEmpty)
    }

    @Test func listsInAllSpellings() throws {
        let directory = try Directory()
        let triggers: [Trigger] = [.use(.percent(70)), .rss(.mebibytes(400)), .rss(.mebibytes(600))]
        for text in [
            "watch:\n  triggers: [use=70%, 'rss=400M,600M']\n", "watch:\n  triggers:\n    - use=70%\n    - rss=400M,600M\n",
            "watch: {triggers: 'use=70% rss=400M,600M'}",
        ] {
            #expect(try load([directory.write("a.yaml", text)]).watch.triggers == triggers)
        }
        #expect(try load(environment: ["HEAPSNAPD_WATCH_TRIGGERS": "use=70% rss=400M,600M"]).watch.triggers == triggers)
        #expect(try load(overrides: [("watch.triggers", "[use=70%, rss=400M,600M]")]).watch.triggers == triggers)
        #expect(try load(overrides: [("watch.triggers", "")]).rules.isEmpty)
        let exec = try load(overrides: [("actions", "capture exec"), ("actionsExec", "/bin/logger -t x"), ("supervise.restart", "on-failure")])
        #expect(exec.actions == [.capture, .exec(["/bin/logger", "-t", "x"])] && exec.supervise.restart == .onFailure)
    }

    @Test func rulesInheritWhatTheyLeaveOut() throws {
        let directory = try Directory()
        let file = try directory.write(
            "a.yaml",
            """
            limits: {count: 9}
            watch: {warmUp: 7s, hysteresis: 3%}
            actionsExec: [/bin/true]
            rules:
              - name: big
                services: ["api-*"]
                triggers: [rss=2G]
              - name: loud
                triggers: ["growth=150%"]
                actions: [exec, terminate]
                exec: [/bin/echo, "a b"]
                limits: {count: 1, window: 0}
                warmUp: 1m
            """)
        let rules = try load([file]).rules
        #expect(rules.map(\.name) == ["default", "big", "loud"])
        #expect(
            rules[1].filter == Filter(services: ["api-*"]) && rules[1].limits.count == 9 && rules[1].warmUp == .seconds(7)
                && rules[1].actions == [.capture])
        #expect(rules[2].actions == [.exec(["/bin/echo", "a b"]), .terminate] && rules[2].limits.count == 1 && rules[2].limits.window == .zero)
        #expect(rules[2].limits.cooldown == .seconds(120) && rules[2].warmUp == .seconds(60) && rules[2].hysteresis == .percent(3))
        #expect(rules[2].filter.services.isEmpty)
    }

    @Test func emptyFilesAndSectionsSetNothing() throws {
        for text in ["", "# nothing\n", "---\n", "store:\nwatch:\n  # warmUp: 1s\n"] { #expect(complaint(text) == nil, "\(text)") }
    }

    @Test func tailsByItselfOnlyWhereOurDeathEndsTheService() {
        typealias Tail = Configuration.Supervise.TailStderr
        #expect(Tail.always.applies([:], pid: 9) && !Tail.never.applies([:], pid: 1) && Tail.auto.applies([:], pid: 1))
        #expect(
            Tail.auto.applies(["SYSTEMD_EXEC_PID": "9"], pid: 9) && !Tail.auto.applies(["SYSTEMD_EXEC_PID": "8"], pid: 9)
                && !Tail.auto.applies([:], pid: 9))
    }

    // MARK: errors

    static let mistakes: [(text: String, error: String)] = [
        ("store:\n  # a comment\n  dir: /x\n  maxuse: 1G\n", "f:4:3: unknown key 'store.maxuse'; did you mean 'store.maxUse'?"),
        ("stor:\n  dir: /x\n", "f:1:1: unknown key 'stor'; see `heapsnapd config` for all there are"),
        ("store.dir: /x\n", "f:1:1: unknown key 'store.dir'; write 'store:' and 'dir: ...' below it"),
        ("store: {maxUse: ten}\n", "f:1:17: cannot read store.maxUse: 'ten' does not fit; write a size like 512MiB, 10G or 1000000"),
        ("store:\n  keepFree: 120%\n", "f:2:13: cannot read store.keepFree: '120%' does not fit; write a share like 15% or 0.15"),
        ("store: {compression: gzip}", "f:1:22: cannot read store.compression: 'gzip' does not fit; write zstd, none"),
        ("store: {compressionLevel: 99}", "f:1:27: cannot read store.compressionLevel: '99' does not fit; write a whole number from 1 to 19"),
        ("capture: {lend: maybe}", "f:1:17: cannot read capture.lend: 'maybe' does not fit; write true or false"),
        ("capture: {maxPause: -1s}", "f:1:21: cannot read capture.maxPause: '-1s' does not fit; write a time like 250ms, 30s, 1h30m or 30d"),
        ("capture: {maxPause: [1s]}", "f:1:21: cannot read capture.maxPause: a list does not fit; write a time like 250ms, 30s, 1h30m or 30d"),
        (
            "watch:\n  triggers: [cpu=5%]",
            "f:2:13: watch.triggers: cannot read trigger 'cpu=5%': 'cpu' is none of use, rss, growth, timeToLimit, "
                + "latestSafeMoment, heap, leak; write one like use=85%, rss=400M,600M or timeToLimit=15s"
        ),
        ("actions: [capture, dance]", "f:1:10: cannot read actions: 'capture dance' does not fit; write a list of capture, exec, terminate"),
        ("rules: {name: x}", "f:1:8: cannot read rules: this does not fit; write a list of rules, in a file"),
        ("rules:\n  - nam: x\n", "f:2:5: unknown key 'nam'; did you mean 'name'?"),
        ("store: 5\n", "f:1:8: 'store' is not a mapping; write `key: value` lines"),
        ("- a\n", "f:1:1: the file is not a mapping; write `key: value` lines"),
        ("[a]: b\n", "f:1:1: a key is not a word; write `key: value` lines"),
        ("log:\n  level: info\n  level: debug\n", "f:2:3: key 'level' is there more than once; keep one of them"),
        ("log: {level: info}\nstore: {}\nlog: {}\n", "f:1:1: key 'log' is there more than once; keep one of them"),
        ("log:\n level: info\n  x: y\n", "f:3:4: cannot read YAML: mapping values are not allowed in this context; correct the line"),
        ("store: {}\n---\nlog: {}\n", "f:2:1: cannot read YAML: but found another document; correct the line"),
        ("store: &a {}\n", "f:1:8: anchors are not supported; repeat the value; in a text put a space after the &"),
        ("store: *a\n", "f:1:8: cannot read YAML: found undefined alias; correct the line"),
    ]

    @Test(arguments: mistakes) func saysWhatIsWrongAndWhere(mistake: (text: String, error: String)) {
        #expect(complaint(mistake.text) == mistake.error)
    }

    @Test func complainsAboutVariablesAndFlags() throws {
        #expect(
            Result { try self.load(environment: ["HEAPSNAPD_STORE_MAX_USE": "ten"]) }.message
                == "HEAPSNAPD_STORE_MAX_USE: cannot read store.maxUse: 'ten' does not fit; write a size like 512MiB, 10G or 1000000")
        #expect(
            Result { try self.load(environment: ["HEAPSNAPD_STORE_MAXUSE": "1G"]) }.message
                == "HEAPSNAPD_STORE_MAXUSE: unknown variable; did you mean 'HEAPSNAPD_STORE_MAX_USE'?")
        #expect(Result { try self.load(environment: ["HEAPSNAPD_BINARY": "/x", "HEAPSNAPD": "1"]) }.message == nil, "not ours")
        #expect(Result { try self.load(environment: ["HEAPSNAPD_RULES": "x"]) }.message?.hasPrefix("HEAPSNAPD_RULES: cannot read rules") == true)
        #expect(
            Result { try self.load(overrides: [("store.maxuse", "1G")]) }.message
                == "command line: unknown key 'store.maxuse'; did you mean 'store.maxUse'?")
        #expect(
            Result { try self.load(overrides: [("actions", "exec")]) }.message
                == "command line: cannot use the action exec: actionsExec is empty; write its command, like [/usr/bin/notify, now]")
        #expect(
            Result { try self.load(overrides: [("watch.maxInterval", "1ms")]) }.message
                == "command line: cannot use watch.maxInterval: 1ms is too short; write 5ms or more")
    }

    @Test func complainsAboutRules() throws {
        let directory = try Directory()
        func message(_ text: String) throws -> String? {
            let file = try directory.write("a.yaml", text)
            return Result { try self.load([file]) }.message?.replacingOccurrences(of: file, with: "f")
        }
        #expect(try message("rules:\n  - triggers: [rss=1G]\n") == "f:2:5: cannot use this rule: it has no name; add one")
        #expect(try message("rules:\n  - name: x\n") == "f:2:5: cannot use this rule: it has no triggers; add one")
        #expect(
            try message("rules:\n  - {name: default, triggers: [rss=1G]}\n")
                == "f:2:5: cannot use rule 'default': there is another of that name; rename one")
        #expect(
            try message("rules:\n  - {name: x, triggers: [rss=1G], actions: [exec]}\n")
                == "f:2:44: cannot use the action exec: exec is empty; write its command, like [/usr/bin/notify, now]")
    }

    @Test func filesThatAreNoConfiguration() throws {
        let directory = try Directory()
        func message(_ path: String) -> String? { Result { try self.load([path]) }.message?.replacingOccurrences(of: directory.path, with: "") }
        #expect(
            message(directory.path + "/missing.yaml")
                == "/missing.yaml: cannot read configuration: No such file or directory; check the path and its permissions")
        #expect(message(directory.path + "/conf.d") == "/conf.d: cannot read configuration: it is not a readable file; check the path")
        #expect(message("/proc/self/exe")?.contains("it is not UTF-8 text") == true)
        #expect(message("/dev/zero")?.contains("larger than 1 MiB") == true)
        let control = try directory.write("control.yaml", "store: \u{1}\n")
        #expect(message(control) == "/control.yaml: cannot read configuration: control characters are not allowed; check that it is the right file")
        let nul = try directory.write("nul.yaml", "store:\u{0}\n")
        #expect(message(nul)?.hasPrefix("/nul.yaml") == true)
        let large = try directory.write("large.yaml", String(repeating: "# filler\n", count: 120_000))
        #expect(message(large) == "/large.yaml: cannot read configuration: it is larger than 1 MiB; check that it is the right file")
    }

    /// Each of these takes minutes, gigabytes or the stack in a careless reader.
    @Test(.timeLimit(.minutes(1))) func bombsAreDefused() {
        var laughs = "a0: &a0 [x, x]\n"
        for level in 1...30 { laughs += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(complaint(laughs + "? *a30\n: 1\n") == "f:1:5: anchors are not supported; repeat the value; in a text put a space after the &")
        for opening in ["[", "{", "- ", "? ", "{a: "] {
            #expect(complaint(String(repeating: opening, count: 200_000)) != nil, "\(opening)")
        }
        let deep = (0..<1_400).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        #expect(complaint(deep) != nil)
        #expect(complaint("store: {dir: '" + String(repeating: "x", count: 1_000_000) + "'}") == nil)
    }

    // MARK: the table as text

    /// To make it anew: `heapsnapd reference yaml > config/heapsnapd.yaml`.
    @Test func theCommentedFileIsMadeFromTheTable() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("config/heapsnapd.yaml")
        #expect(try String(contentsOf: file, encoding: .utf8) == ConfigurationSchema.commentedYAML)
    }

    /// Without its '#' it is a valid file that changes nothing.
    @Test func theCommentedFileSaysTheDefaults() throws {
        let text = ConfigurationSchema.commentedYAML
        #expect(complaint(text) == nil)
        let example = try #require(text.range(of: "# For example:"))
        let shown = text[..<example.lowerBound] + text[example.upperBound...].split(separator: "\n\n", maxSplits: 1)[1]
        // A setting is `#key:` or `#  key:`, a comment `# Text` or `#  # Text`.
        let lines = shown.split(separator: "\n").map { $0.dropFirst() }.filter { line in
            let indent = line.prefix { $0 == " " }.count
            return indent != 1 && line.dropFirst(indent).first != "#"
        }
        let directory = try Directory()
        let file = try directory.write("a.yaml", lines.joined(separator: "\n") + "\n")
        let (loaded, standard) = (try load([file]), try load())
        #expect(loaded.effective.map(\.value) == standard.effective.map(\.value))
        #expect(loaded.effective.allSatisfy { $0.origin != .builtIn }, "every key is shown")
    }

    @Test func theExampleRuleIsValid() throws {
        let text = ConfigurationSchema.commentedYAML
        let start = try #require(text.range(of: "# For example:\n"))
        let example = text[start.upperBound...].split(separator: "\n\n", maxSplits: 1)[0]
        let directory = try Directory()
        let file = try directory.write("a.yaml", example.split(separator: "\n").map { $0.dropFirst() }.joined(separator: "\n") + "\n")
        #expect(try load([file]).rules.map(\.name) == ["default", "api"])
    }
}

extension Result {
    fileprivate var message: String? { if case .failure(let error) = self { "\(error)" } else { nil } }
}
