import CSystemd
import Glibc
public import Linux
import SystemPackage

/// What systemd hands to the service that it starts.
public struct Activation: Sendable {
    /// Where systemd hears of us; nil where it does not want to (no `Type=notify`, or no systemd).
    public var notification: Notification?
    /// `WatchdogSec=`: the longest time between two `watchdog` notices. Half of it is the usual pace. Nil: no watchdog.
    public var watchdogInterval: Duration?
    /// Of sockets (socket activation) and of what was stored before a restart (`Notice.descriptors`), in systemd's order.
    public var descriptors: [PassedDescriptor]
    /// Why nothing of all this could be read; nil where it could, or where there was nothing.
    public var obstacle: String?

    /// Once, while the process has one thread: takes all of it out of the environment, so that no child believes it was meant.
    public static func take() -> Activation {
        var activation = Activation(notification: Notification(socket: taken("NOTIFY_SOCKET")), watchdogInterval: nil, descriptors: [], obstacle: nil)
        // Where systemd gave neither, libsystemd is not loaded.
        guard getenv("WATCHDOG_USEC") != nil || getenv("LISTEN_FDS") != nil else { return activation }
        var reason = systemd_reason()
        var microseconds: UInt64 = 0
        if systemd_watchdog(&microseconds, &reason) < 0 { activation.obstacle = reason.string }
        if microseconds > 0 { activation.watchdogInterval = .microseconds(Int64(clamping: microseconds)) }
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = systemd_passed_descriptors(&names, &reason)
        if count < 0 { activation.obstacle = reason.string }
        let texts = takeStrings(names)
        activation.descriptors = (0..<Int(max(0, count))).map { index in
            // SD_LISTEN_FDS_START
            let descriptor = OwnedDescriptor(FileDescriptor(rawValue: 3 + Int32(index)))
            return PassedDescriptor(name: index < texts.count ? texts[index] : "unknown", descriptor: descriptor)
        }
        return activation
    }

    private static func taken(_ variable: String) -> String? {
        guard let value = getenv(variable) else { return nil }
        defer { unsetenv(variable) }
        return String(cString: value)
    }
}

/// A descriptor that systemd has kept or opened for us.
public struct PassedDescriptor: Sendable {
    /// `FileDescriptorName=` of the socket, or the name that it was stored under.
    public var name: String
    public var descriptor: OwnedDescriptor
}
