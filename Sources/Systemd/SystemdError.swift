/// systemd did not do what it was asked for, or its files cannot be changed.
public struct SystemdError: Error, Sendable, Hashable, CustomStringConvertible {
    /// A verb with its object: `set MemoryMax of api.service`.
    public let operation: String
    public let reason: String

    public init(operation: String, reason: String) {
        self.operation = operation
        self.reason = reason
    }

    public var description: String { "cannot \(operation): \(reason); see journalctl -b _PID=1" }
}
