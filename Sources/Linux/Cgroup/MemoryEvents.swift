/// Counters that only grow. nil: this kernel or version does not count it.
public struct MemoryEvents: Sendable, Hashable {
    /// Throttled at memory.high.
    public var high: UInt64?
    /// An allocation met the limit and reclaim began.
    public var max: UInt64?
    /// Reclaim at the limit failed.
    public var oom: UInt64?
    /// Processes killed by the kernel's OOM killer, also one that acts for an ancestor or the host.
    public var oomKill: UInt64?
    public var oomGroupKill: UInt64?

    /// ```
    /// low 0
    /// high 0
    /// max 12
    /// oom 1
    /// oom_kill 1
    /// oom_group_kill 0
    /// ```
    static func parseV2(_ bytes: [UInt8]) -> MemoryEvents {
        let values = parseFlatKeyed(bytes)
        return MemoryEvents(
            high: values["high"], max: values["max"], oom: values["oom"], oomKill: values["oom_kill"],
            oomGroupKill: values["oom_group_kill"])
    }

    /// memory.oom_control (`oom_kill` since Linux 4.13) and memory.failcnt:
    /// ```
    /// oom_kill_disable 0
    /// under_oom 0
    /// oom_kill 1
    /// ```
    static func parseV1(oomControl: [UInt8], failures: [UInt8]) -> MemoryEvents {
        MemoryEvents(max: failures.words.first?.number(), oomKill: parseFlatKeyed(oomControl)["oom_kill"])
    }
}
