import Glibc
public import Linux
import Units

/// The cgroup in which a copy lives (contract 11): new pages are charged to whoever faults them in, so the copy must not sit in the service's.
public struct CaptureCgroup: Sendable {
    public let cgroup: any MemoryCgroup
    /// Where it is, and why not elsewhere: for the record.
    public var note: String
    /// Whose `oom_kill` tells of the copy, also when the copy's own cgroup is gone; and what it was before.
    private let counter: any MemoryCgroup
    private let killsBefore: UInt64
    /// We made the directory. Else systemd removes it as soon as it is empty.
    private let isOurs: Bool

    /// - Parameter slice: above a cgroup that is not ours, and outlives it; v2 counts there what happens below. nil: the cgroup is ours.
    public init(_ cgroup: any MemoryCgroup, in slice: (any MemoryCgroup)? = nil, note: String) {
        self.cgroup = cgroup
        self.note = note
        isOurs = slice == nil
        counter = slice ?? cgroup
        killsBefore = Self.kills(counter)
        // nice 19 says nothing to other children of the root (docs/decisions/0009).
        ProcessorWeight.lower(counter.path)
    }

    /// Highest use so far, or where the kernel does not keep that, the use; nil: gone.
    var peak: ByteCount? { (try? cgroup.peak() ?? cgroup.current()).flatMap(\.self) }

    /// Whether the kernel killed the copy for its own limit.
    var hasKilled: Bool { Self.kills(counter) > killsBefore }

    /// Kills what is left in it. A directory of ours goes as soon as the kernel lets it; else with the next capture.
    func remove() {
        for pid in (try? cgroup.processes()) ?? [] { kill(pid.rawValue, SIGKILL) }
        guard isOurs else { return }
        // A process that was killed a moment ago still counts: EBUSY.
        for _ in 0..<20 where (try? cgroup.remove()) == nil { usleep(10_000) }
    }

    private static func kills(_ cgroup: any MemoryCgroup) -> UInt64 { (try? cgroup.events()).flatMap(\.self)?.oomKill ?? 0 }
}
