import CLinux
import Glibc
import SystemPackage
public import Units

/// A signal that was sent to us, signalfd(2).
public struct ReceivedSignal: Sendable, Hashable {
    public var signal: Int32
    /// 0: the kernel, or a process outside of our pid namespace.
    public var sender: ProcessID
    public var uid: UInt32
    /// si_code: 0 (SI_USER) by kill, 0x80 (SI_KERNEL) by the terminal, above 0 for SIGCHLD its reason.
    public var code: Int32
}

/// Signals to our own process, as data.
///
/// A signal goes to any thread that doesn't block it, and its default action is what it is. So `block` comes first, before anything
/// starts a thread (threads inherit the mask), and the main thread must keep its mask. An async `main` does not: it ends in dispatch_main,
/// whose main thread waits in sigsuspend(2) with an empty mask (libdispatch, `_dispatch_sigsuspend`).
public enum OwnSignals {
    public static func block(_ set: SignalSet) throws(KernelError) {
        guard linux_block_signals(set.mask) == 0 else { throw .system(operation: "block signals", .last) }
    }

    /// Signals of `set` as they come; equal standard signals that wait together are one. One consumer.
    public static func received(_ set: SignalSet) throws(KernelError) -> AsyncStream<ReceivedSignal> {
        let descriptor = try OwnedDescriptor(linux_signalfd_open(set.mask), opening: "signalfd")
        return events(of: descriptor) { descriptor in
            var received: [ReceivedSignal] = []
            var record = signalfd_siginfo()
            while Glibc.read(descriptor.rawValue, &record, MemoryLayout.size(ofValue: record)) == MemoryLayout.size(ofValue: record) {
                let sender = ProcessID(Int32(bitPattern: record.ssi_pid))
                received.append(ReceivedSignal(signal: Int32(record.ssi_signo), sender: sender, uid: record.ssi_uid, code: record.ssi_code))
            }
            return received
        }
    }
}
