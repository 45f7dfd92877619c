import CSystemd
import Glibc
public import Linux
public import Units

/// How the command of a service ended. It is systemd's child, and only the journal remembers once the unit has been started again.
public struct UnitExit: Sendable, Hashable {
    public var status: ExitStatus
    /// The kernel had a process of the unit killed for memory.
    public var isOOMKilled: Bool

    /// By systemd's own entry (SD_MESSAGE_UNIT_PROCESS_EXIT of sd-messages.h), the newest since `since`. Blocks for milliseconds.
    /// - Returns: nil where there is none; journald may have it a moment later than the end.
    /// - Throws: `SystemdError` where there is no journal that can be read.
    public static func last(of unit: String, since: Timestamp) throws(SystemdError) -> UnitExit? {
        var end = systemd_exit()
        try SystemdConnection.ask("read the journal of \(unit)") { systemd_last_exit(unit, UInt64(max(0, since.milliseconds)) * 1_000, &end, &$0) }
        switch end.code {
        case 0: return nil
        case Int32(CLD_EXITED): return UnitExit(status: .exited(end.status), isOOMKilled: end.is_oom_killed)
        default: return UnitExit(status: .signaled(end.status, coreDumped: end.code == Int32(CLD_DUMPED)), isOOMKilled: end.is_oom_killed)
        }
    }
}
