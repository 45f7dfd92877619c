/// Where "/" is: the real one, a container's `/proc/PID/root`, or a directory of fixtures.
public struct FileSystemRoot: Sendable, Hashable {
    private let prefix: String

    public init(_ path: String = "/") {
        var end = path[...]
        while end.hasSuffix("/") { end.removeLast() }
        prefix = String(end)
    }

    /// `absolute` begins with a slash.
    public func path(_ absolute: String) -> String { prefix + absolute }
}
