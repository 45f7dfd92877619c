import Glibc
public import Linux

/// When a service that ended is started again, and how soon. The vocabulary is systemd.service(5)'s and systemd.unit(5)'s.
public struct RestartPolicy: Sendable, Hashable {
    public enum Condition: String, Sendable, CaseIterable, Codable {
        case no, onFailure = "on-failure", always
    }

    public var condition: Condition
    /// The pause before the first restart; doubles with each further one up to `maximumBackOff` (RestartSec=, RestartMaxDelaySec=).
    public var initialBackOff: Duration
    public var maximumBackOff: Duration
    /// At most so many starts, the first one included, within `startLimitWindow` (StartLimitBurst=, StartLimitIntervalSec=).
    /// A run longer than the window sets the back-off to its initial value again.
    public var startLimit: Int
    public var startLimitWindow: Duration

    public init(_ condition: Condition, initialBackOff: Duration, maximumBackOff: Duration, startLimit: Int, startLimitWindow: Duration) {
        self.condition = condition
        self.initialBackOff = initialBackOff
        self.maximumBackOff = maximumBackOff
        self.startLimit = startLimit
        self.startLimitWindow = startLimitWindow
    }

    func wantsRestart(afterFailure isFailure: Bool) -> Bool {
        switch condition {
        case .no: false
        case .onFailure: isFailure
        case .always: true
        }
    }
}

extension ExitStatus {
    /// systemd.service(5), Restart=on-failure: exit code 0 and these four signals are a clean end.
    public var isFailure: Bool {
        switch self {
        case .exited(let code): code != 0
        case .signaled(let signal, _): ![SIGHUP, SIGINT, SIGTERM, SIGPIPE].contains(signal)
        }
    }
}
