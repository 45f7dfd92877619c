import CSystemd
import Glibc
import Linux
import Synchronization
import SystemPackage

/// A unit has come, gone, or been started or stopped.
public enum UnitChange: Sendable, Hashable {
    /// systemd has begun to know it.
    case loaded(unit: String)
    /// It was removed, or nothing holds it any more after its end.
    case unloaded(unit: String)
    /// A start, stop, restart or reload is over.
    /// - Parameter result: `done`, `failed`, `canceled`, `timeout`, `dependency`, `skipped` (JobRemoved of org.freedesktop.systemd1(5)).
    case jobEnded(unit: String, result: String)

    /// All changes from now on: what there is must be looked for after this has returned. Ends when systemd closes the connection (it executes itself
    /// anew, or its bus ends), and with the task that reads it; who wants to go on opens another. One consumer. A descriptor, no thread.
    ///
    /// Throws `SystemdError`; blocks for a millisecond, as `SystemdConnection` does.
    public static func stream() throws -> AsyncStream<UnitChange> {
        let subscription = try Subscription()
        return events(of: subscription.descriptor) { _ in subscription.drain() }
    }
}

/// A connection that is told of all units.
private final class Subscription: Sendable {
    private let connection: Mutex<SystemdConnection>
    /// Of the connection's socket, which closes its own.
    let descriptor: OwnedDescriptor

    init() throws(SystemdError) {
        let connection = try SystemdConnection()
        var own: Int32 = -1
        try SystemdConnection.ask("subscribe to systemd's units") { systemd_subscribe(connection.raw, &own, &$0) }
        let copy = fcntl(own, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemdError(operation: "subscribe to systemd's units", reason: String(cString: strerror(errno))) }
        descriptor = OwnedDescriptor(FileDescriptor(rawValue: copy))
        self.connection = Mutex(connection)
    }

    /// What has come; nil at the end.
    func drain() -> [UnitChange]? {
        connection.withLock { connection in
            var changes: [UnitChange] = []
            var change = systemd_change()
            while true {
                let found = systemd_next_change(connection.raw, &change)
                guard found > 0 else { return found < 0 && changes.isEmpty ? nil : changes }
                changes.append(UnitChange(change))
            }
        }
    }
}

extension UnitChange {
    fileprivate init(_ change: systemd_change) {
        let unit = withUnsafeBytes(of: change.unit, text(ofRoom:)), result = withUnsafeBytes(of: change.result, text(ofRoom:))
        self =
            switch change.kind {
            case SYSTEMD_UNIT_NEW: .loaded(unit: unit)
            case SYSTEMD_UNIT_REMOVED: .unloaded(unit: unit)
            default: .jobEnded(unit: unit, result: result)
            }
    }
}
