public import Units

/// `/proc/PID/status`, proc_pid_status(5).
public struct ProcessStatus: Sendable, Hashable {
    public struct UserIDs: Sendable, Hashable {
        public var real, effective, saved, fileSystem: UInt32
    }

    public var name = ""
    public var threadGroup = ProcessID(0)
    public var parent = ProcessID(0)
    public var uids = UserIDs([])
    public var gids = UserIDs([])
    public var groups: [UInt32] = []
    /// The pid in each pid namespace, ours first, the innermost last. Empty before Linux 4.1.
    public var nsPIDs: [Int32] = []
    public var threads = 0
    /// nil: a kernel thread or a zombie.
    public var rss, rssAnon, rssFile, rssShmem, swap: ByteCount?
    /// `pending` joins those of the process and those of its main thread.
    public var pending = SignalSet(mask: 0), blocked = SignalSet(mask: 0), ignored = SignalSet(mask: 0), caught = SignalSet(mask: 0)
    /// CapEff; bit n is capability n of capabilities(7).
    public var effectiveCapabilities: UInt64 = 0

    /// ```
    /// Name:	node
    /// Tgid:	4711
    /// PPid:	1
    /// Uid:	1000	1000	1000	1000
    /// Gid:	1000	1000	1000	1000
    /// Groups:	4 27 1000
    /// NSpid:	4711	12
    /// VmRSS:	   44120 kB
    /// RssAnon:	    9216 kB
    /// VmSwap:	       0 kB
    /// Threads:	11
    /// SigPnd:	0000000000000000
    /// SigCgt:	0000000100014a02
    /// CapEff:	0000000000000000
    /// ```
    static func parse(_ bytes: [UInt8]) -> ProcessStatus? {
        var status = ProcessStatus()
        for line in bytes.lines {
            guard let (label, value) = line.labelled else { continue }
            switch label {
            case "Name": status.name = value.text
            case "Tgid": status.threadGroup = ProcessID(value.number() ?? 0)
            case "PPid": status.parent = ProcessID(value.number() ?? 0)
            case "Uid": status.uids = UserIDs(value)
            case "Gid": status.gids = UserIDs(value)
            case "Groups": status.groups = value.words.compactMap { $0.number() }
            case "NSpid": status.nsPIDs = value.words.compactMap { $0.number() }
            case "VmRSS": status.rss = kibibytes(value)
            case "RssAnon": status.rssAnon = kibibytes(value)
            case "RssFile": status.rssFile = kibibytes(value)
            case "RssShmem": status.rssShmem = kibibytes(value)
            case "VmSwap": status.swap = kibibytes(value)
            case "Threads": status.threads = value.number() ?? 0
            case "SigPnd", "ShdPnd": status.pending = SignalSet(mask: status.pending.mask | (value.hexadecimal ?? 0))
            case "SigBlk": status.blocked = SignalSet(mask: value.hexadecimal ?? 0)
            case "SigIgn": status.ignored = SignalSet(mask: value.hexadecimal ?? 0)
            case "SigCgt": status.caught = SignalSet(mask: value.hexadecimal ?? 0)
            case "CapEff": status.effectiveCapabilities = value.hexadecimal ?? 0
            default: continue
            }
        }
        return status.threadGroup.rawValue > 0 ? status : nil
    }
}

extension ProcessStatus.UserIDs {
    fileprivate init(_ value: Bytes) {
        let ids = value.words.compactMap { $0.number(UInt32.self) }
        // (uid_t)-1 is nobody at all; 0 would be root.
        func id(_ index: Int) -> UInt32 { ids.count == 4 ? ids[index] : .max }
        self.init(real: id(0), effective: id(1), saved: id(2), fileSystem: id(3))
    }
}

extension ProcessTable {
    public func status(_ pid: ProcessID) throws(KernelError) -> ProcessStatus? { try read(pid, "status", ProcessStatus.parse) }
}

/// `  44120 kB`; the kernel's kB are 1,024 bytes.
func kibibytes(_ value: Bytes) -> ByteCount? { value.words.first?.number(Int.self).map(ByteCount.kibibytes) }
