import Glibc
public import Units

/// `/proc/PID/stat`, proc_pid_stat(5).
public struct ProcessStat: Sendable, Hashable {
    /// At most 15 bytes; what the program calls itself.
    public var comm: String
    /// R running, S sleeping, D disk sleep, Z zombie, T stopped, t traced, X dead, I idle.
    public var state: Character
    public var parent: ProcessID
    public var processGroup: ProcessID
    public var session: ProcessID
    /// tty_nr; 0: no controlling terminal.
    public var terminal: Int32
    /// CPU time of all threads that live or have ended; resolution 10 ms.
    public var userTime: Duration
    public var systemTime: Duration
    public var threads: Int
    /// Clock ticks (1/100 s) after boot, on CLOCK_BOOTTIME: half of the process's identity.
    public var startTime: UInt64
    /// Lags by up to 64 pages per thread (the kernel batches the counters); `ProcessStatus.rss` has the same flaw, smaps_rollup hasn't.
    public var rss: ByteCount

    public var cpuTime: Duration { userTime + systemTime }

    /// Since CLOCK_BOOTTIME's origin: `SystemClock.boottime() - started` is the age.
    public var started: Duration { ticks(startTime) }

    /// `4711 (node (v20)) S 1 4711 4711 34816 4711 4194304 9 0 0 0 120 30 0 0 20 0 11 0 12345 620000000 11000 1844…`
    ///
    /// The name may hold spaces and parentheses: what counts begins after the last `)`.
    static func parse(_ bytes: [UInt8]) -> ProcessStat? {
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")), open < close
        else { return nil }
        let fields = bytes[(close + 1)...].words
        // proc_pid_stat(5) numbers from 1; the state, field 3, is the first here.
        func field<Number: FixedWidthInteger>(_ number: Int, _: Number.Type = Number.self) -> Number? { fields[number - 3].number() }
        guard fields.count >= 22, let state = fields[0].text.first, let parent = field(4, Int32.self), let group = field(5, Int32.self),
            let session = field(6, Int32.self), let terminal = field(7, Int32.self), let user = field(14, UInt64.self),
            let system = field(15, UInt64.self), let threads = field(20, Int.self), let start = field(22, UInt64.self),
            let rss = field(24, Int64.self)
        else { return nil }
        return ProcessStat(
            comm: bytes[(open + 1)..<close].text, state: state, parent: ProcessID(parent), processGroup: ProcessID(group),
            session: ProcessID(session), terminal: terminal, userTime: ticks(user), systemTime: ticks(system), threads: threads,
            startTime: start, rss: pages(rss))
    }
}

extension ProcessTable {
    public func stat(_ pid: ProcessID) throws(KernelError) -> ProcessStat? { try read(pid, "stat", ProcessStat.parse) }

    /// CPU time of the main thread alone, the one that runs JavaScript; resolution 10 ms.
    public func mainThreadCPUTime(_ pid: ProcessID) throws(KernelError) -> Duration? {
        try read(pid, "task/\(pid)/stat", ProcessStat.parse)?.cpuTime
    }
}

/// USER_HZ is 100 on every architecture that Linux still supports; include/asm-generic/param.h.
func ticks(_ count: UInt64) -> Duration { .milliseconds(Int64(clamping: count) * 10) }

func pages(_ count: Int64) -> ByteCount { ByteCount(count * Int64(sysconf(Int32(_SC_PAGESIZE)))) }
