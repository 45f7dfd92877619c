import CLinux
import Glibc
public import SystemPackage

/// eventfd(2): something for poll(2) to wait for that another thread can say.
public struct EventDescriptor: Sendable {
    private let event: OwnedDescriptor

    public init() throws(KernelError) { event = try OwnedDescriptor(linux_eventfd_open(), opening: "eventfd") }

    /// Readable from the first `signal` on.
    public var descriptor: FileDescriptor { event.descriptor }

    public func signal() {
        var one: UInt64 = 1
        _ = write(event.descriptor.rawValue, &one, 8)
    }
}
