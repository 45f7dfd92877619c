import Glibc
import SystemPackage
public import Units

/// `/proc/PID/statm` that is read again and again: opened once, then pread(2). 2 µs instead of 8.
///
/// The descriptor is this very process's: when it has ended, reading says so, whoever has its pid then.
public final class PolledStatm: Sendable {
    private let descriptor: OwnedDescriptor
    private let path: String

    /// nil: the process is gone.
    public init?(_ pid: ProcessID, table: ProcessTable = ProcessTable()) throws(KernelError) {
        path = table.path(pid, "statm")
        let raw = open(path, O_RDONLY | O_CLOEXEC)
        if raw < 0 && Errno.last.meansGone { return nil }
        descriptor = try OwnedDescriptor(raw, opening: path)
    }

    /// nil: gone; a zombie has 0 pages.
    public func read() throws(KernelError) -> ProcessStatm? {
        // Seven numbers of at most 20 digits.
        let bytes = withUnsafeTemporaryAllocation(byteCount: 160, alignment: 1) { buffer -> [UInt8]? in
            let count = pread(descriptor.descriptor.rawValue, buffer.baseAddress, buffer.count, 0)
            return count < 0 ? nil : Array(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        guard let bytes else {
            let errno = Errno.last
            if errno.meansGone { return nil }
            throw KernelError("read", path, errno)
        }
        guard !bytes.isEmpty else { return nil }
        guard let statm = ProcessStatm.parse(bytes) else { throw .malformed(path: path, reason: "unexpected `\(bytes.text)`") }
        return statm
    }
}
