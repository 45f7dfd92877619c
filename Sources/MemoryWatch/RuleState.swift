public import Units

/// That a rule fired, why, and what is to be done.
public struct Verdict: Sendable, Hashable {
    public var rule: String
    /// The first, in the order of the rule, of those that fired at once.
    public var trigger: Trigger
    /// A sentence with its numbers.
    public var reason: String
    public var sample: Sample
    public var forecast: Forecast?
    public var actions: [Action]
}

/// One rule watching one service.
///
/// A trigger fires once when its condition becomes true; then it is disarmed until the condition is clearly gone. A condition that became true
/// while the rule was throttled fires when the throttle ends, if it still holds then.
public struct RuleState: Sendable {
    public enum Status: Sendable, Hashable {
        case running
        case throttled(Throttle)
        /// The count is used up, and there is no window in which it could come back.
        case finished(count: Int)
    }

    public enum Throttle: Sendable, Hashable {
        case cooldown(until: Duration)
        case count(Int, window: Duration, until: Duration)
        case refused(until: Duration)
    }

    fileprivate struct Arm: Sendable {
        var isArmed = true
        var calmSince: Duration?
    }

    public let rule: Rule
    public private(set) var status = Status.running
    private var arms: [Arm]
    private var baseline: Baseline
    private var watchedSince: Duration?
    /// Instants of the firings that count; at most `limits.count` are kept.
    private var firings: [Duration] = []
    private var pending: [Int] = []
    private var quietUntil: Throttle?

    public init(_ rule: Rule) {
        self.rule = rule
        arms = Array(repeating: Arm(), count: rule.triggers.count)
        baseline = Baseline(warmUp: rule.warmUp)
    }

    /// - Parameter forecast: asked at most once per kind and call, and not at all while warming up or without a trigger that needs it.
    public mutating func evaluate(_ sample: Sample, forecast: (LimitKind) -> Forecast?, safeMoment: LatestSafeMoment?, leak: String? = nil)
        -> Verdict?
    {
        let since = watchedSince ?? sample.at
        watchedSince = since
        baseline.add(sample)
        let isWarm = sample.at - since >= rule.warmUp
        let soonest = isWarm && rule.triggers.contains(where: \.needsWarmUp) ? Forecast.soonest(forecast) : nil
        let observation = Observation(sample: sample, forecast: soonest, safeMoment: safeMoment, baseline: baseline.median, leak: leak)
        var fired: [Int] = []
        for (index, trigger) in rule.triggers.enumerated() where isWarm || !trigger.needsWarmUp {
            let standing = observation.standing(trigger, hysteresis: rule.hysteresis)
            if !arms[index].isArmed { arms[index].rearm(standing, at: sample.at, after: trigger.needsWarmUp ? rule.warmUp : .zero) }
            if arms[index].isArmed && standing == .met { fired.append(index) }
        }
        status = currentStatus(at: sample.at)
        guard let first = fired.first, status == .running else { return nil }
        for index in fired { arms[index] = Arm(isArmed: false) }
        pending = fired
        firings = firings.suffix(max(0, rule.limits.count - 1)) + [sample.at]
        let reported = soonest ?? Forecast.soonest(forecast)
        let explained = Observation(sample: sample, forecast: reported, safeMoment: safeMoment, baseline: baseline.median, leak: leak)
        let trigger = rule.triggers[first]
        return Verdict(
            rule: rule.name, trigger: trigger, reason: explained.reason(trigger), sample: sample, forecast: reported, actions: rule.actions)
    }

    /// A capture of the service has ended, whoever asked for it: a new baseline. RSS stays high after a snapshot, so what holds now does not fire
    /// until it has been calm again. The rule that asked for it cools down.
    public mutating func captured(at: Duration, sample: Sample) {
        if !pending.isEmpty { quietUntil = .cooldown(until: at + rule.limits.cooldown) }
        pending = []
        baseline = Baseline(warmUp: rule.warmUp)
        watchedSince = at
        let observation = Observation(sample: sample, forecast: nil, safeMoment: nil, baseline: nil)
        for (index, trigger) in rule.triggers.enumerated() where observation.standing(trigger, hysteresis: rule.hysteresis) == .met {
            arms[index] = Arm(isArmed: false)
        }
        status = currentStatus(at: at)
    }

    /// The capture was refused: it does not count, and the trigger may fire again after `retryAfter` if its condition still holds.
    public mutating func refused(at: Duration, retryAfter: Duration) {
        guard !pending.isEmpty else { return }
        for index in pending { arms[index] = Arm() }
        pending = []
        firings.removeLast()
        quietUntil = .refused(until: at + retryAfter)
        status = currentStatus(at: at)
    }

    /// Whether something has fired that still counts, or will, at `at`.
    public func isSpent(at: Duration) -> Bool {
        firings.last.map { at - $0 < max(rule.limits.window, rule.limits.cooldown) || rule.limits.window == .zero } ?? false
    }

    /// The service was started anew: everything is armed and warms up again; what was fired still counts, and so does its capture, which may be under way.
    public mutating func restarted() {
        if !pending.isEmpty, let last = firings.last { quietUntil = .cooldown(until: last + rule.limits.cooldown) }
        arms = Array(repeating: Arm(), count: rule.triggers.count)
        baseline = Baseline(warmUp: rule.warmUp)
        watchedSince = nil
        pending = []
    }

    /// Bytes to the nearest level that would fire; nil when there is none ahead. For `PollingInterval`.
    public func distance(_ sample: Sample, forecast: Forecast?) -> ByteCount? {
        let observation = Observation(sample: sample, forecast: forecast, safeMoment: nil, baseline: baseline.median)
        var nearest: ByteCount?
        for (index, trigger) in rule.triggers.enumerated() where arms[index].isArmed {
            guard let distance = observation.distance(trigger), distance < nearest ?? ByteCount(Int64.max) else { continue }
            nearest = distance
        }
        return nearest
    }

    private func currentStatus(at: Duration) -> Status {
        if firings.count >= rule.limits.count {
            if rule.limits.window == .zero { return .finished(count: rule.limits.count) }
            if let oldest = firings.first, at - oldest < rule.limits.window {
                return .throttled(.count(rule.limits.count, window: rule.limits.window, until: oldest + rule.limits.window))
            }
        }
        if let quietUntil, at < quietUntil.until { return .throttled(quietUntil) }
        return .running
    }
}

extension RuleState.Arm {
    /// One calm sample is enough for a level; a forecast that flickers must be calm for `after`.
    mutating func rearm(_ standing: Observation.Standing, at: Duration, after: Duration) {
        guard standing == .calm else { return calmSince = nil }
        let since = calmSince ?? at
        calmSince = since
        if at - since >= after { self = RuleState.Arm() }
    }
}

extension RuleState.Throttle {
    /// On the clock of the samples.
    public var until: Duration {
        switch self {
        case .cooldown(let until), .count(_, _, let until), .refused(let until): until
        }
    }
}

extension RuleState.Status: CustomStringConvertible {
    public var description: String {
        switch self {
        case .running: "Running"
        case .throttled(.cooldown): "Throttled: cooling down after a capture"
        case .throttled(.count(let count, let window, _)): "Throttled: fired \(count) times within \(window.text)"
        case .throttled(.refused): "Throttled: the last capture was refused"
        case .finished(let count): "Finished: fired \(count) times, which is all it may"
        }
    }
}
