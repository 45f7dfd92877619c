/// A process id as the kernel numbers it in our own pid namespace. Never an identity by itself: it is used again.
public struct ProcessID: Sendable, Hashable, Comparable, Codable, RawRepresentable, CustomStringConvertible {
    public var rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }
    public init(_ rawValue: Int32) { self.rawValue = rawValue }
    public var description: String { String(rawValue) }
    public static func < (a: ProcessID, b: ProcessID) -> Bool { a.rawValue < b.rawValue }
}

/// What tells one process from all others, over pid reuse and reboots.
public struct ProcessIdentity: Sendable, Hashable, Codable, CustomStringConvertible {
    public var pid: ProcessID
    /// Clock ticks after boot (`/proc/PID/stat` field 22, CLOCK_BOOTTIME, USER_HZ = 100 on Linux).
    public var startTime: UInt64
    /// `/proc/sys/kernel/random/boot_id`.
    public var bootID: String

    public init(pid: ProcessID, startTime: UInt64, bootID: String) {
        self.pid = pid
        self.startTime = startTime
        self.bootID = bootID
    }

    public var description: String { "\(pid)@\(startTime)" }
}
