public import Units

/// What is done when one of the triggers fires, for which services, and how often; in the words of dotnet-monitor.
public struct Rule: Sendable, Hashable {
    public var name: String
    public var triggers: [Trigger]
    public var filter: Filter
    public var actions: [Action]
    public var limits: Limits
    /// Until then growth, timeToLimit and latestSafeMoment do not fire; afterwards the baseline is taken.
    public var warmUp: Duration
    /// How far below its level a trigger must fall before it may fire again: points of a share, a part of a size or a time.
    public var hysteresis: Ratio

    public init(
        name: String, triggers: [Trigger], filter: Filter = Filter(), actions: [Action] = [.capture], limits: Limits = Limits(),
        warmUp: Duration = .seconds(5), hysteresis: Ratio = .percent(5)
    ) {
        self.name = name
        self.triggers = triggers
        self.filter = filter
        self.actions = actions
        self.limits = limits
        self.warmUp = warmUp
        self.hysteresis = hysteresis
    }
}

public enum Action: Sendable, Hashable {
    case capture
    case exec([String])
    /// SIGTERM after the capture is stored.
    case terminate
}

/// At most `count` firings in any `window`, and none for `cooldown` after a capture. A window of 0 means ever: then the rule is finished.
public struct Limits: Sendable, Hashable {
    public var count: Int
    public var window: Duration
    public var cooldown: Duration

    public init(count: Int = 3, window: Duration = .seconds(3_600), cooldown: Duration = .seconds(120)) {
        self.count = count
        self.window = window
        self.cooldown = cooldown
    }
}

/// The services that a rule is for: glob patterns with `*` and `?`, of each kind one that matches; no pattern of a kind means all.
public struct Filter: Sendable, Hashable {
    public var services: [String]
    public var units: [String]
    public var cgroups: [String]
    /// Of the whole command line.
    public var commands: [String]
    public var users: [String]

    public init(services: [String] = [], units: [String] = [], cgroups: [String] = [], commands: [String] = [], users: [String] = []) {
        (self.services, self.units, self.cgroups, self.commands, self.users) = (services, units, cgroups, commands, users)
    }

    public func matches(_ subject: Subject) -> Bool {
        [
            (services, subject.service), (units, subject.unit), (cgroups, subject.cgroup), (commands, subject.command), (users, subject.user),
        ].allSatisfy { patterns, text in
            patterns.isEmpty || text.map { text in patterns.contains { matchesGlob(Array(text), pattern: Array($0)) } } ?? false
        }
    }
}

/// What is known of a service before it is watched; what is unknown matches no pattern.
public struct Subject: Sendable, Hashable {
    public var service: String
    public var unit: String?
    /// As in /proc/PID/cgroup.
    public var cgroup: String?
    public var command: String?
    public var user: String?

    public init(service: String, unit: String? = nil, cgroup: String? = nil, command: String? = nil, user: String? = nil) {
        (self.service, self.unit, self.cgroup, self.command, self.user) = (service, unit, cgroup, command, user)
    }
}

/// Linear in time but for backing up to the last `*`: R. Cox, "Glob Matching Can Be Simple And Fast Too" (research.swtch.com/glob).
private func matchesGlob(_ text: [Character], pattern: [Character]) -> Bool {
    var (at, next) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while at < text.count {
        if next < pattern.count, pattern[next] == "*" {
            star = (next, at)
            next += 1
        } else if next < pattern.count, pattern[next] == "?" || pattern[next] == text[at] {
            (at, next) = (at + 1, next + 1)
        } else if let (start, matched) = star {
            star = (start, matched + 1)
            (at, next) = (matched + 1, start + 1)
        } else {
            return false
        }
    }
    return pattern[next...].allSatisfy { $0 == "*" }
}
