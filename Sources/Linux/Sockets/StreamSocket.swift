import CLinux
import Glibc
import SystemPackage
public import Units

/// A pipe for a stream that another process writes. Neither end is passed on by exec.
public func widePipe() throws(KernelError) -> (read: OwnedDescriptor, write: OwnedDescriptor) {
    var raw: [Int32] = [-1, -1]
    guard linux_wide_pipe(&raw) == 0 else { throw KernelError("open", "a pipe", .last) }
    return (OwnedDescriptor(FileDescriptor(rawValue: raw[0])), OwnedDescriptor(FileDescriptor(rawValue: raw[1])))
}

/// One end of a connection between two processes of this host, unix(7). Closed with its last reference.
public final class StreamSocket: Sendable {
    private let owned: OwnedDescriptor
    /// For passing it on to another process.
    public var descriptor: Int32 { owned.descriptor.rawValue }

    init(_ owned: OwnedDescriptor) { self.owned = owned }

    /// - Parameters:
    ///   - name: without the NUL byte before it, which makes it abstract.
    ///   - process: in whose network namespace the name is to be found; nil: in ours.
    /// - Returns: nil where nobody listens there.
    public static func connect(toAbstract name: String, networkOf process: ProcessID? = nil, table: ProcessTable = ProcessTable()) throws(KernelError)
        -> StreamSocket?
    {
        let namespace = try process.flatMap { pid throws(KernelError) in try table.foreignNetwork(of: pid) }
        let raw = Array(name.utf8).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { linux_connect_abstract($0.baseAddress, $0.count, namespace?.descriptor.rawValue ?? -1) }
        }
        if raw < 0, Errno.last == .connectionRefused { return nil }
        return StreamSocket(try OwnedDescriptor(raw, opening: "socket @\(name)"))
    }

    /// The first is ours, and learns who writes; the second is for another process.
    public static func pair() throws(KernelError) -> (ours: StreamSocket, theirs: StreamSocket) {
        var raw: [Int32] = [-1, -1]
        guard linux_control_pair(&raw) == 0 else { throw KernelError("open", "a pair of sockets", .last) }
        return (
            StreamSocket(OwnedDescriptor(FileDescriptor(rawValue: raw[0]))), StreamSocket(OwnedDescriptor(FileDescriptor(rawValue: raw[1])))
        )
    }

    /// Who listened at the other end when it was connected to; nil: nobody of our pid namespace.
    public var peer: ProcessID? {
        let pid = linux_peer(descriptor)
        return pid > 0 ? ProcessID(pid) : nil
    }

    /// All at once, with the descriptors beside the first byte. A message is far smaller than the socket's buffer: one that does not fit has no reader.
    /// - Throws: `KernelError` with EAGAIN there, EPIPE or ECONNRESET where the other end is gone.
    public func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws(KernelError) {
        let count = bytes.withUnsafeBytes { linux_send(descriptor, $0.baseAddress, $0.count, descriptors, descriptors.count) }
        guard count >= 0 else { throw KernelError("write", "a socket", .last) }
        guard count == bytes.count else { throw KernelError("write", "a socket", .resourceTemporarilyUnavailable) }
    }

    /// What has come.
    public struct Received: Sendable {
        public var bytes: [UInt8]
        /// Of a pair: who wrote it.
        public var sender: ProcessID?
    }

    /// Ends with the connection, or with the task that reads it. One consumer.
    public var received: AsyncStream<Received> {
        events(of: owned) { descriptor in
            var chunks: [Received] = []
            var room = [UInt8](repeating: 0, count: 65_536)
            while true {
                var sender: pid_t = 0
                let count = room.withUnsafeMutableBytes { linux_receive(descriptor.rawValue, $0.baseAddress, $0.count, &sender) }
                if count > 0 {
                    chunks.append(Received(bytes: Array(room[..<count]), sender: sender > 0 ? ProcessID(sender) : nil))
                } else if count < 0, Errno.last == .resourceTemporarilyUnavailable || Errno.last == .interrupted {
                    return chunks
                } else {
                    return chunks.isEmpty ? nil : chunks
                }
            }
        }
    }

    /// Both directions: the other side reads its end.
    public func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}
