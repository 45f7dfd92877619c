import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Memory pressure, told by the kernel: tasks stalled for `stall` within `window` (Documentation/accounting/psi.rst). A late alarm.
public struct PressureTrigger: Sendable {
    /// At most one element per window. Ends when the cgroup is removed. One consumer.
    public let alarms: AsyncStream<Void>

    /// - Parameters:
    ///   - path: memory.pressure of a cgroup, or /proc/pressure/memory.
    ///   - window: 500 ms to 10 s; the kernel answers EINVAL to all but multiples of 2 s without CAP_SYS_RESOURCE, which containers and
    ///     hardened units lack.
    /// Throws `KernelError.system` with ENOENT or EOPNOTSUPP where PSI is off (boot with psi=1), `denied` without write access.
    public init(_ path: String, stall: Duration = .milliseconds(150), window: Duration = .seconds(2)) throws(KernelError) {
        let pressure = try OwnedDescriptor(open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC), opening: path)
        let trigger = "some \(stall.microseconds) \(window.microseconds)"
        // With its terminating NUL, as psi.rst does.
        guard write(pressure.descriptor.rawValue, trigger, trigger.utf8.count + 1) > 0 else {
            throw KernelError("set a trigger on", path, .last)
        }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        alarms = stream
        let number = try PressureThread.shared.add(.init(pressure: pressure, alarm: { continuation.yield() }, end: { continuation.finish() }))
        continuation.onTermination = { _ in PressureThread.shared.remove(number) }
    }
}

/// One thread that waits for the triggers of all cgroups: libdispatch and NIO cannot wait for EPOLLPRI, and an epoll inside of theirs swallows alarms, because
/// looking at a trigger resets it (psi_trigger_poll).
private final class PressureThread: Sendable {
    struct Trigger: Sendable {
        let pressure: OwnedDescriptor
        let alarm, end: @Sendable () -> Void
    }

    static let shared = PressureThread()
    private let events = linux_priority_open()
    private let triggers = Mutex<(all: [UInt64: Trigger], added: UInt64)>(([:], 0))

    /// - Returns: for `remove`.
    func add(_ trigger: Trigger) throws(KernelError) -> UInt64 {
        try triggers.withLock { triggers throws(KernelError) in
            if triggers.added == 0 { try start() }
            triggers.added += 1
            guard linux_priority_add(events, trigger.pressure.descriptor.rawValue, triggers.added) == 0 else {
                throw KernelError("wait for", "memory.pressure", .last)
            }
            triggers.all[triggers.added] = trigger
            return triggers.added
        }
    }

    func remove(_ number: UInt64) {
        triggers.withLock { triggers in
            guard let trigger = triggers.all.removeValue(forKey: number) else { return }
            _ = linux_priority_remove(events, trigger.pressure.descriptor.rawValue)
        }
    }

    /// For the life of the program.
    private func start() throws(KernelError) {
        var thread = pthread_t()
        let created = pthread_create(&thread, nil, { _ in PressureThread.shared.run() }, nil)
        guard created == 0 else { throw KernelError("wait for", "memory.pressure", Errno(rawValue: created)) }
        pthread_detach(thread)
    }

    private func run() -> UnsafeMutableRawPointer? {
        var number: UInt64 = 0
        while true {
            let isUrgent = linux_priority_wait(events, &number)
            guard isUrgent >= 0 else { return nil }
            guard let trigger = triggers.withLock({ $0.all[number] }) else { continue }
            if isUrgent == 1 {
                trigger.alarm()
            } else {
                remove(number)
                trigger.end()
            }
        }
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
