import Glibc
import Synchronization
import SystemPackage
import Units

/// A kernel file with one number that is read again and again: opened at the first read, then pread(2) from its beginning.
final class PolledNumber: Sendable {
    private let path: String
    private let opened = Mutex<OwnedDescriptor?>(nil)
    init(path: String) { self.path = path }

    /// nil when the cgroup is gone, also when another one has its path.
    func read() throws(KernelError) -> ByteCount? {
        guard let descriptor = try open() else { return nil }
        var text: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)  // 20 digits and a newline, on the stack
        let number = withUnsafeMutableBytes(of: &text) { buffer -> UInt64? in
            let count = pread(descriptor.descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
            guard count > 0 else { return nil }
            return buffer.prefix(count).prefix { (48...57).contains($0) }.reduce(0) { $0 &* 10 &+ UInt64($1 - 48) }
        }
        if let number { return ByteCount(clamping: number) }
        let errno = Errno.last
        if errno.meansGone { return nil }
        throw KernelError("read", path, errno)
    }

    private func open() throws(KernelError) -> OwnedDescriptor? {
        try opened.withLock { opened throws(KernelError) in
            if let opened { return opened }
            let raw = Glibc.open(path, O_RDONLY | O_CLOEXEC)
            if raw < 0 && Errno.last.meansGone { return nil }
            let new = try OwnedDescriptor(raw, opening: path)
            opened = new
            return new
        }
    }
}
