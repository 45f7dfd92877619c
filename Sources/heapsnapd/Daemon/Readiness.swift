import Linux
import Logging
import Systemd
import Units

/// What systemd is told of this daemon, where it asked: readiness, a line for `systemctl status`, and that it lives.
struct Readiness: Sendable {
    private let notification: Systemd.Notification?
    private let log: Logger
    /// How often `alive` is due; nil: nobody watches.
    let pace: Duration?

    init(_ activation: Activation, log: Logger) {
        notification = activation.notification
        // sd_watchdog_enabled(3): half of the time that is allowed.
        pace = activation.watchdogInterval.map { $0 / 2 }
        self.log = log
    }

    func ready(_ status: String) { send(.ready, .status(status)) }
    func reloading() { send(.reloading(at: SystemClock.monotonic())) }
    func status(_ line: String) { send(.status(line)) }
    func alive() { send(.watchdog) }
    /// - Parameter patience: for captures under way.
    func stopping(_ patience: Duration) { send(.stopping, .extendTimeout(patience)) }

    private func send(_ notices: Notice...) {
        guard let notification else { return }
        do { for notice in notices { try notification.send(notice) } } catch { log.debug("\(error)") }
    }
}
