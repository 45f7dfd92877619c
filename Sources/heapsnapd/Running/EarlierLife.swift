import Linux
import MemoryWatch

/// What a service's next start is to know of its last: what has fired still counts (limits.count, limits.cooldown), or a service that dies and comes again
/// every few seconds would be captured each time.
struct EarlierLife: Sendable {
    fileprivate var rules: [RuleState]
    /// When a copy at V8's heap limit was begun last, on the monotonic clock.
    var limitMet: Duration?

    init(rules: [RuleState], limitMet: Duration?) {
        self.rules = rules.map { rule in
            var rule = rule
            rule.restarted()
            return rule
        }
        self.limitMet = limitMet
    }

    /// - Returns: nil where it was another rule, or none.
    func state(of rule: Rule) -> RuleState? { rules.first { $0.rule == rule } }

    /// Whether anything in it still has an effect.
    /// - Parameter cooldown: after V8's limit.
    func counts(at now: Duration, cooldown: Duration) -> Bool {
        rules.contains { $0.isSpent(at: now) } || limitMet.map { now - $0 < cooldown } ?? false
    }
}
