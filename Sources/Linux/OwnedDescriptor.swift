public import SystemPackage

/// Closes its descriptor when the last reference goes.
public final class OwnedDescriptor: Sendable {
    public let descriptor: FileDescriptor
    public init(_ descriptor: FileDescriptor) { self.descriptor = descriptor }
    deinit { try? descriptor.close() }

    /// Takes what a system call answered; -1 is thrown with errno.
    convenience init(_ raw: Int32, opening subject: String) throws(KernelError) {
        guard raw >= 0 else { throw KernelError("open", subject, .last) }
        self.init(FileDescriptor(rawValue: raw))
    }
}
