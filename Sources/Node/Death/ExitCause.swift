public import Linux

/// Why a process ended.
public enum ExitCause: Sendable, Hashable {
    case v8HeapLimit
    case cgroupOOMKill
    case signal(Int32)
    case exited(Int32)
    case unknown

    /// `v8HeapLimit`, `cgroupOOMKill`, `signal`, `exited`, `unknown`: the word in records and JSON.
    public var name: String {
        switch self {
        case .v8HeapLimit: "v8HeapLimit"
        case .cgroupOOMKill: "cgroupOOMKill"
        case .signal: "signal"
        case .exited: "exited"
        case .unknown: "unknown"
        }
    }
}

/// What is known after a process has ended.
public struct ExitEvidence: Sendable {
    /// Nil: it was not our child.
    public var status: ExitStatus?
    public var lastWords: LastWords?
    /// `oom_kill` of the cgroup before and after; nil: not known.
    public var oomKillsBefore: UInt64?
    public var oomKillsAfter: UInt64?
    /// The last signal that we ourselves sent or passed on to it.
    public var ownSignal: Int32?

    public init(
        status: ExitStatus?, lastWords: LastWords? = nil, oomKillsBefore: UInt64? = nil, oomKillsAfter: UInt64? = nil, ownSignal: Int32? = nil
    ) {
        self.status = status
        self.lastWords = lastWords
        self.oomKillsBefore = oomKillsBefore
        self.oomKillsAfter = oomKillsAfter
        self.ownSignal = ownSignal
    }
}

/// The cause, with the reason in a sentence.
public struct ExitJudgement: Sendable, Hashable {
    public var cause: ExitCause
    public var reason: String

    /// What V8 said counts first, where the status can be its: Node aborts (SIGABRT; SIGTRAP or SIGILL where V8 crashes on purpose), and a shell
    /// or npm in between turns that into 128 + signal. Then the kernel's counter of OOM kills, where the end was by SIGKILL.
    public static func decide(_ evidence: ExitEvidence) -> ExitJudgement {
        let oomKilled = evidence.oomKillsBefore.flatMap { before in evidence.oomKillsAfter.map { $0 > before } }
        let words = evidence.lastWords.flatMap { $0.family.isHeapLimit ? $0 : nil }
        guard let status = evidence.status else {
            if let words { return ExitJudgement(cause: .v8HeapLimit, reason: "V8 gave up: \(words.fatalError)") }
            if oomKilled == true {
                return ExitJudgement(cause: .unknown, reason: "it was not our child; the kernel killed a process of its cgroup for memory meanwhile")
            }
            return ExitJudgement(cause: .unknown, reason: "it was not our child, so its exit status is not known")
        }
        let signal = signal(of: status)
        if let words, let signal, [abort, trap, illegal].contains(signal) {
            return ExitJudgement(cause: .v8HeapLimit, reason: "V8 gave up: \(words.fatalError)")
        }
        if signal == kill { return killed(oomKilled, status: status, ownSignal: evidence.ownSignal) }
        switch status {
        case .exited(let code):
            return ExitJudgement(cause: .exited(code), reason: "it exited with status \(code)")
        case .signaled(let number, _):
            let sender = evidence.ownSignal == number ? ", which heapsnapd passed on to it" : ""
            let hint =
                number == abort && evidence.lastWords == nil ? "; V8's heap limit ends a process like this, but its last words were not seen" : ""
            return ExitJudgement(cause: .signal(number), reason: "\(Signals.name(number)) ended it\(sender)\(hint)")
        }
    }

    private static func killed(_ oomKilled: Bool?, status: ExitStatus, ownSignal: Int32?) -> ExitJudgement {
        let cause: ExitCause
        switch status {
        case .exited(let code): cause = .exited(code)
        case .signaled(let number, _): cause = .signal(number)
        }
        if oomKilled == true { return ExitJudgement(cause: .cgroupOOMKill, reason: "the kernel killed it: its memory cgroup was full") }
        if ownSignal == kill { return ExitJudgement(cause: cause, reason: "heapsnapd sent SIGKILL") }
        let counter = oomKilled == nil ? "whether its cgroup was full is not known" : "its cgroup counted no OOM kill, so it came from elsewhere"
        return ExitJudgement(cause: cause, reason: "SIGKILL ended it; \(counter)")
    }

    /// The signal that ended it, or that ended the child whose status a shell or npm passed on as 128 + signal.
    private static func signal(of status: ExitStatus) -> Int32? {
        switch status {
        case .signaled(let number, _): number
        case .exited(let code): (129...192).contains(code) ? code - 128 : nil
        }
    }

    // signal(7), the numbers of every architecture that Node runs on.
    private static let illegal: Int32 = 4, trap: Int32 = 5, abort: Int32 = 6, kill: Int32 = 9
}
