import CSystemd
import Glibc
public import Linux

/// The way to tell systemd how this service is, sd_notify(3).
public struct Notification: Sendable {
    /// A path, or `@name` in the abstract namespace.
    private let socket: String

    /// - Parameter socket: `$NOTIFY_SOCKET`.
    public init?(socket: String?) {
        guard let socket, socket.hasPrefix("/") || socket.hasPrefix("@") else { return nil }
        self.socket = socket
    }

    /// In one message. Waits for pid 1 to make room in its queue, at most 5 s; a message takes microseconds otherwise.
    public func send(_ notices: Notice...) throws(SystemdError) {
        let descriptors = notices.flatMap(\.descriptors)
        let raw = descriptors.map(\.descriptor.rawValue)
        let result = withExtendedLifetime(descriptors) {
            systemd_notify(socket, notices.map(\.text).joined(separator: "\n"), raw, raw.count)
        }
        if result < 0 { throw SystemdError(operation: "notify systemd at \(socket)", reason: String(cString: strerror(-result))) }
    }
}

/// What can be said to systemd, with the assignments of sd_notify(3).
public enum Notice: Sendable {
    /// The start is done, or a reload.
    case ready
    /// A line for `systemctl status`.
    case status(String)
    /// A reload has begun; `ready` ends it. systemd 253 and later also want the time.
    /// - Parameter at: `SystemClock.monotonic()`.
    case reloading(at: Duration)
    case stopping
    /// Alive; due within `Activation.watchdogInterval`.
    case watchdog
    /// A start or stop needs this much more time from now.
    case extendTimeout(Duration)
    /// Kept by systemd until the service is stopped for good, and handed to its next process. At most `FileDescriptorStoreMax=` of the unit, and 32 at
    /// once; what systemd does not want, it closes silently. Also kept when the other end of a pipe is gone (FDPOLL=0): there may be more to read.
    /// - Parameter name: see `isDescriptorName`; many may share one.
    case storeDescriptors([OwnedDescriptor], name: String)
    /// All of that name are closed.
    case dropDescriptors(name: String)

    /// What systemd accepts (fdname_is_valid of its src/basic/fd-util.c); it takes no notice of other names.
    public static func isDescriptorName(_ name: String) -> Bool {
        name.utf8.count <= 255 && name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    }

    var text: String {
        switch self {
        case .ready: "READY=1"
        case .status(let line): "STATUS=" + line.map { $0.isNewline ? " " : String($0) }.joined()
        case .reloading(let at): "RELOADING=1\nMONOTONIC_USEC=\(microseconds(at))"
        case .stopping: "STOPPING=1"
        case .watchdog: "WATCHDOG=1"
        case .extendTimeout(let time): "EXTEND_TIMEOUT_USEC=\(microseconds(time))"
        case .storeDescriptors(_, let name): "FDSTORE=1\nFDNAME=\(name)\nFDPOLL=0"
        case .dropDescriptors(let name): "FDSTOREREMOVE=1\nFDNAME=\(name)"
        }
    }

    var descriptors: [OwnedDescriptor] {
        if case .storeDescriptors(let descriptors, _) = self { descriptors } else { [] }
    }

    private func microseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
