import CLinux
import Glibc
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
        let stop = try OwnedDescriptor(linux_eventfd_open(), opening: "eventfd")
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        continuation.onTermination = { _ in
            var one: UInt64 = 1
            write(stop.descriptor.rawValue, &one, 8)
        }
        alarms = stream
        PriorityWait(pressure: pressure, stop: stop, alarm: { continuation.yield() }, end: { continuation.finish() }).start()
    }
}

/// poll(2) on a thread of its own: libdispatch cannot wait for POLLPRI, and an epoll inside its epoll swallows alarms, because looking at
/// a trigger resets it (psi_trigger_poll).
private final class PriorityWait: Sendable {
    let pressure, stop: OwnedDescriptor
    let alarm, end: @Sendable () -> Void

    init(pressure: OwnedDescriptor, stop: OwnedDescriptor, alarm: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void) {
        self.pressure = pressure
        self.stop = stop
        self.alarm = alarm
        self.end = end
    }

    func start() {
        var thread = pthread_t()
        let itself = Unmanaged.passRetained(self)
        let created = pthread_create(&thread, nil, { Unmanaged<PriorityWait>.fromOpaque($0!).takeRetainedValue().run() }, itself.toOpaque())
        guard created != 0 else { return _ = pthread_detach(thread) }
        itself.release()
        end()
    }

    private func run() -> UnsafeMutableRawPointer? {
        var requests = [
            pollfd(fd: pressure.descriptor.rawValue, events: Int16(POLLPRI), revents: 0),
            pollfd(fd: stop.descriptor.rawValue, events: Int16(POLLIN), revents: 0),
        ]
        while poll(&requests, 2, -1) >= 0 || errno == EINTR {
            if requests[1].revents != 0 || Int32(requests[0].revents) & POLLERR != 0 { break }  // POLLERR: the cgroup is gone
            if Int32(requests[0].revents) & Int32(POLLPRI) != 0 { alarm() }
        }
        end()
        return nil
    }
}

extension Duration {
    fileprivate var microseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}
