import CLinux
import Glibc
import SystemPackage
public import Units

/// The kernel's own alarm when the use of a v1 cgroup crosses a value; v2 has none. (memory.rst, "Memory thresholds".)
public struct UsageThreshold: Sendable {
    /// One element per crossing, upwards or downwards, and one when the cgroup is removed: ask `current` what it was. Crossings that wait
    /// together are one. One consumer.
    public let crossings: AsyncStream<Void>

    /// Each processor looks at the use at every 128th page event: the alarm comes up to 512 KiB per processor late (memcg_check_events).
    public init(_ cgroup: CgroupV1Memory, at threshold: ByteCount) throws(KernelError) {
        let event = try OwnedDescriptor(linux_eventfd_open(), opening: "eventfd")
        let path = cgroup.file("memory.usage_in_bytes")
        let usage = try OwnedDescriptor(open(path, O_RDONLY | O_CLOEXEC), opening: path)
        let registration = "\(event.descriptor.rawValue) \(usage.descriptor.rawValue) \(threshold.bytes)"
        try KernelFile.write(cgroup.file("cgroup.event_control"), registration)
        crossings = events(of: event) { descriptor in
            var count: UInt64 = 0
            return Glibc.read(descriptor.rawValue, &count, 8) == 8 ? [()] : []
        }
    }
}
