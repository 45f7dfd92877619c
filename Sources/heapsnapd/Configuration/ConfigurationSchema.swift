/// Every key there is. What is not here is an error in a file, in the environment and on the command line.
enum ConfigurationSchema {
    static let keys: [ConfigurationKey] = [
        .init(
            "store.dir", .string, "",
            "Directory of the snapshots. Empty: $STATE_DIRECTORY, else /var/lib/heapsnapd for root, else the XDG state directory."),
        .init("store.maxUse", .size, "10GiB", "All snapshots together take at most this much; the oldest go first, the newest never."),
        .init("store.keepFree", .ratio, "15%", "This share of the file system stays free."),
        .init("store.maxAge", .duration, "30d", "Older snapshots are deleted."),
        .init("store.maxCountPerService", .integer(1...100_000), "10", "At most so many snapshots of one service are kept."),
        .init("store.compression", .choice(["zstd", "none"]), "zstd", "How snapshots are stored."),
        .init("store.compressionLevel", .integer(1...19), "3", "Level of zstd; higher is smaller and slower."),

        .init(
            "launch.signal", .choice(["SIGUSR2", "SIGUSR1", "SIGHUP", "SIGQUIT", "SIGPWR"]), "SIGUSR2",
            "The signal at which Node writes a snapshot. SIGUSR1 is Node's own, for the inspector: only with an application that handles it."),
        .init("launch.nearHeapLimit", .integer(0...100), "1", "How many snapshots Node itself may write near its heap limit; 0 turns that off."),
        .init(
            "launch.handler", .choice(["node", "app"]), "node",
            "Who handles the signal: node, by the flag that we add, or app, the service itself; then no flag is added and its file is collected."),
        .init("launch.diagnosticDir", .string, "", "Where Node writes its files. Empty: a directory of our own beside the store."),
        .init(
            "launch.agent", .choiceOrPath(["auto", "never"]), "auto",
            "The library that Node is to load, by --require, so that it can be captured without being stopped; only where a trial has shown that this Node "
                + "takes it. auto: ../lib/heapsnapd/heapsnapd-agent.node beside this program's directory; never: none."),

        .init(
            "watch.triggers", .triggers, "[use=85%, timeToLimit=15s, latestSafeMoment=15m]",
            "What makes the default rule fire: use and heap (share of the limit), rss (size, or several steps), growth (share above the service's own "
                + "baseline), timeToLimit, latestSafeMoment (a leak that will hit the limit within this time and soon cannot be captured any more), leak (the agent says "
                + "that the heap has grown over five full collections). Empty: no default rule."
        ),
        .init("watch.warmUp", .duration, "5s", "Starting up looks like a leak: growth, timeToLimit, latestSafeMoment and leak wait so long."),
        .init("watch.hysteresis", .ratio, "5%", "A trigger fires again only after its value has been so far below."),
        .init("watch.window", .duration, "30s", "Middle window of the forecast; it looks at windows from 1/16 to 256 times this as well."),
        .init("watch.kernelEvents", .bool, "true", "Let the kernel wake us (cgroup v1 thresholds, v2 events). false: only look at intervals."),
        .init(
            "watch.maxInterval", .duration, "1s",
            "Longest pause between two looks at a service at rest. 500ms sees a sudden burst of 500 MB/s coming in a container of 512 MB too."),

        .init("limits.count", .integer(1...1_000), "3", "A rule fires at most so many times per window."),
        .init("limits.window", .duration, "1h", "The sliding window of limits.count. 0: for ever."),
        .init("limits.cooldown", .duration, "2m", "After a capture the rule that asked for it rests so long."),
        .init(
            "actions", .choices(["capture", "exec", "terminate"]), "[capture]",
            "What a rule does: capture; exec runs actionsExec; terminate sends SIGTERM after the capture is stored."),
        .init("actionsExec", .words, "[]", "Command and arguments of the action exec."),

        .init(
            "rules", .rules, "[]",
            "More rules, each with a name and triggers, and services (globs), actions, exec, limits and warmUp of its own; what one leaves out it takes from the keys above."
        ),

        .init(
            "capture.copyAttempts", .integer(0...10), "3",
            "How often a copy of the service is made (copy-on-write, by the agent) until one has taken its snapshot; 0 switches copies off."),
        .init("capture.maxPause", .duration, "10s", "A capture that is predicted to stop the service for longer is refused."),
        .init("capture.grace", .duration, "30s", "When the service ends during a capture, wait so long for the capture. 0: give it up at once."),
        .init("capture.stallTimeout", .duration, "10s", "A capture that neither writes nor computes for so long has stalled."),
        .init("capture.lend", .bool, "true", "Raise the memory limit for the length of a capture where that is needed and ours to do."),
        .init("capture.acceptRisk", .bool, "false", "Capture even when it is not predicted to fit. Never overrides the checks before a signal."),
        .init("capture.extraPerHeapByte", .number(0...100), "10", "Memory that a snapshot takes per byte of heap, until it is learned per service."),

        .init("supervise.restart", .choice(["no", "on-failure", "always"]), "no", "When the service is started again after it has ended."),
        .init("supervise.backOff", .duration, "100ms", "Pause before the first restart; doubles with each."),
        .init("supervise.backOffMax", .duration, "30s", "Longest pause before a restart."),
        .init(
            "supervise.startLimit", .integer(1...10_000), "5",
            "At most so many starts per window; then heapsnapd gives up. This and the next are systemd's numbers."),
        .init("supervise.startLimitWindow", .duration, "10s", "The window of supervise.startLimit. 0: no limit."),
        .init(
            "supervise.tailStderr", .choice(["auto", "always", "never"]), "auto",
            "Whether the service's standard error passes through heapsnapd, which learns V8's last words from it; auto: only where its own death would end the service anyway."
        ),

        .init(
            "hooks.onCapture", .words, "[]",
            "Command and arguments that are run after a snapshot was stored, whole or damaged; it learns of it by HEAPSNAPD_* variables. Empty: none."
        ),
        .init("hooks.onRefusal", .words, "[]", "The same after a capture was refused; a refusal that repeats itself is told once."),
        .init("hooks.onDeath", .words, "[]", "The same after a service has ended."),
        .init("hooks.timeout", .duration, "60s", "A hook that runs for longer is killed."),

        .init(
            "analysis.afterCapture", .choice(["auto", "always", "never"]), "never",
            "Whether each complete snapshot is summed up and compared with the one before, by a process of its own with low priority; info and the journal tell "
                + "of it. auto: where systemd runs it outside of the service's cgroup."),
        .init("analysis.memoryMax", .size, "1GiB", "It may take so much memory; a snapshot that needs more, about 1.5 times its size, is left out."),

        .init(
            "metrics.listen", .string, "",
            "Where the daemon serves metrics to Prometheus: unix:/path (mode 0660, group heapsnapd), 127.0.0.1:PORT or [::1]:PORT. Empty: nowhere."),
        .init(
            "metrics.textfile", .string, "",
            "A file that the daemon writes its metrics to every 15 s, for node_exporter's textfile collector; its name ends in .prom. Empty: none."),

        .init("log.level", .choice(["trace", "debug", "info", "notice", "warning", "error", "critical"]), "info", "How much is logged."),
    ]

    /// The keys of one entry of `rules`.
    static let ruleKeys: [ConfigurationKey] = [
        .init("name", .string, nil, "Shown in records and logs; must be given, and be unique."),
        .init("services", .words, "[]", "Globs of service names, with * and ?. Empty: all."),
        .init(
            "units", .words, "[]", "Globs of systemd units. Empty: all. This and the next three are for the daemon, which watches what a rule is for."
        ),
        .init("cgroups", .words, "[]", "Globs of cgroups, as in /proc/PID/cgroup. Empty: all."),
        .init("commands", .words, "[]", "Globs of whole command lines. Empty: all."),
        .init("users", .words, "[]", "Globs of user names. Empty: all."),
        .init("triggers", .triggers, nil, "As watch.triggers; must be given."),
        .init("actions", .choices(["capture", "exec", "terminate"]), nil, "As actions."),
        .init("exec", .words, nil, "As actionsExec."),
        .init("limits.count", .integer(1...1_000), nil, "As limits.count."),
        .init("limits.window", .duration, nil, "As limits.window."),
        .init("limits.cooldown", .duration, nil, "As limits.cooldown."),
        .init("warmUp", .duration, nil, "As watch.warmUp."),
    ]
}

extension [ConfigurationKey] {
    func named(_ name: String) -> ConfigurationKey? { first { $0.name == name } }

    /// Whether keys lie below: `store` of `store.dir`.
    func hasSection(_ name: String) -> Bool { contains { $0.name.hasPrefix(name + ".") } }

    /// `unknown key 'store.maxuse'; did you mean 'store.maxUse'?`
    func unknownKey(_ name: String) -> String { "unknown key '\(name)'; \(suggestion(for: name, among: map(\.name)))" }
    func unknownVariable(_ name: String) -> String { "unknown variable; \(suggestion(for: name, among: map(\.environmentName)))" }

    private func suggestion(for name: String, among known: [String]) -> String {
        let nearest = known.map { (name: $0, distance: editDistance($0.lowercased(), name.lowercased())) }.min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= 3 else { return "see `heapsnapd config` for all there are" }
        return "did you mean '\(nearest.name)'?"
    }
}

/// Levenshtein's: insertions, deletions and replacements. R. A. Wagner and M. J. Fischer, JACM 21 (1974), one row at a time.
private func editDistance(_ from: String, _ to: String) -> Int {
    let (a, b) = (Array(from), Array(to))
    var row = Array(0...b.count)
    for (i, character) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for j in b.indices { (diagonal, row[j + 1]) = (row[j + 1], Swift.min(row[j] + 1, row[j + 1] + 1, diagonal + (character == b[j] ? 0 : 1))) }
    }
    return row[b.count]
}
