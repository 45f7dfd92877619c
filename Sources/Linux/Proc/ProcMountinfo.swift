/// A line of `/proc/self/mountinfo`, proc_pid_mountinfo(5).
public struct Mount: Sendable, Hashable {
    public var id: Int
    /// The directory of the file system that is mounted here; `/` unless it is a bind mount or a cgroup namespace.
    public var root: String
    public var mountPoint: String
    /// Of this mount: `rw`, `noexec`.
    public var options: [String]
    public var fileSystem: String
    public var source: String
    /// Of the file system; for cgroup v1 the controllers are here.
    public var superOptions: [String]

    /// ```
    /// 35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid shared:15 - cgroup cgroup rw,memory
    /// ```
    /// Between the options and the dash there are zero or more optional fields.
    static func parse(_ bytes: [UInt8]) -> [Mount] {
        bytes.lines.compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count >= 10, let dash = fields.dropFirst(6).firstIndex(of: [UInt8(ascii: "-")][...]), dash + 3 < fields.count,
                let id = fields[0].number(Int.self)
            else { return nil }
            return Mount(
                id: id, root: unescape(fields[3]), mountPoint: unescape(fields[4]), options: list(fields[5]),
                fileSystem: fields[dash + 1].text, source: unescape(fields[dash + 2]), superOptions: list(fields[dash + 3]))
        }
    }

    private static func list(_ field: Bytes) -> [String] { field.split(separator: UInt8(ascii: ",")).map(\.text) }

    /// Space, tab, newline and backslash are written as `\040`, `\011`, `\012`, `\134`.
    private static func unescape(_ field: Bytes) -> String {
        var plain: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let code = UInt8(rest.prefix(3).text, radix: 8) {
                plain.append(code)
                rest = rest.dropFirst(3)
            } else {
                plain.append(byte)
            }
        }
        return plain.text
    }
}

extension ProcessTable {
    /// As our own process sees them, in the order of mounting.
    public func mounts() throws(KernelError) -> [Mount] { Mount.parse(try required("/proc/self/mountinfo")) }
}
