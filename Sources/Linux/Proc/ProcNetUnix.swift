import Glibc
import SystemPackage
public import Units

/// `/proc/PID/net/unix` (unix(7)): the sockets of a network namespace. An abstract name is shown with `@` for its first NUL byte.
///
///     Num       RefCount Protocol Flags    Type St Inode Path
///     0000000000000000: 00000002 00000000 00010000 0001 01 1355 @heapsnapd.4711.135509
struct UnixSocketTable {
    struct Entry: Hashable {
        var inode: UInt64
        var abstractName: String
        /// Flag __SO_ACCEPTCON of net/unix/af_unix.c.
        var isListening: Bool
    }

    static func parse(_ bytes: [UInt8]) -> [Entry] {
        bytes.lines.dropFirst().compactMap { line in
            // The name is the rest of the line, spaces and all.
            let words = line.split(separator: UInt8(ascii: " "), maxSplits: 7)
            guard words.count == 8, let flags = UInt32(words[3].text, radix: 16), let inode = words[6].number(UInt64.self),
                words[7].text.hasPrefix("@")
            else { return nil }
            return Entry(inode: inode, abstractName: String(words[7].text.dropFirst()), isListening: flags & 0x10000 != 0)
        }
    }
}

extension ProcessTable {
    /// Abstract names at which this very process listens, whatever namespaces it is in; nil: it is gone. Some µs per descriptor.
    public func abstractListeners(_ pid: ProcessID) throws(KernelError) -> [String]? {
        guard let text = try KernelFile.read(path(pid, "net/unix")), let files = try openFiles(pid) else { return nil }
        let listening = UnixSocketTable.parse(text).filter(\.isListening)
        guard !listening.isEmpty else { return [] }
        let own = Set(files)
        return listening.filter { own.contains("socket:[\($0.inode)]") }.map(\.abstractName)
    }

    /// A descriptor of the process's network namespace; nil where it is ours.
    func foreignNetwork(of pid: ProcessID) throws(KernelError) -> OwnedDescriptor? {
        guard let theirs = try KernelFile.link(path(pid, "ns/net")), theirs != (try KernelFile.link("/proc/self/ns/net")) else { return nil }
        let name = path(pid, "ns/net")
        return try OwnedDescriptor(open(name, O_RDONLY | O_CLOEXEC), opening: name)
    }
}
