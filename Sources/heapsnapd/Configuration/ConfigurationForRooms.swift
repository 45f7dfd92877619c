import MemoryWatch
import Supervisor

extension Configuration.Supervise {
    var policy: RestartPolicy {
        RestartPolicy(restart, initialBackOff: backOff, maximumBackOff: backOffMax, startLimit: startLimit, startLimitWindow: startLimitWindow)
    }
}

extension Trigger {
    /// The reason of a record: `use`, `timeToLimit`.
    var name: String { String(description.prefix { $0 != "=" }) }
}
