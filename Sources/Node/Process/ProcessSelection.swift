public import Units

/// A Node process that may be the service below a command.
public struct Candidate: Sendable {
    public var process: NodeProcess
    public var rss: ByteCount
    /// Clock ticks after boot.
    public var startTime: UInt64
    public var isPackageManager: Bool
    /// Set by `ProcessSelection.mark`; for the record.
    public var chosen: Bool

    public init(process: NodeProcess, rss: ByteCount) {
        self.process = process
        self.rss = rss
        startTime = process.identity.startTime
        isPackageManager = process.packageManager != nil
        chosen = false
    }
}

/// Which of several Node processes is the service (contract 6).
public enum ProcessSelection: Sendable, Hashable {
    /// The greatest RSS; of equals the oldest.
    case largest
    /// The oldest.
    case first
    /// This one, whatever it is.
    case pid(ProcessID)

    /// Nil where none qualifies: package managers never do, unless named by pid.
    public func choose(from candidates: [Candidate]) -> Candidate? {
        let services = candidates.filter { !$0.isPackageManager }
        let isOlder = { (a: Candidate, b: Candidate) in
            (a.startTime, a.process.identity.pid) < (b.startTime, b.process.identity.pid)
        }
        switch self {
        case .pid(let pid): return candidates.first { $0.process.identity.pid == pid }
        case .first: return services.min(by: isOlder)
        case .largest: return services.min { a, b in a.rss != b.rss ? a.rss > b.rss : isOlder(a, b) }
        }
    }

    /// The candidates as they go into the record: the chosen one marked.
    public func mark(_ candidates: [Candidate]) -> [Candidate] {
        let choice = choose(from: candidates)?.process.identity
        return candidates.map { candidate in
            var marked = candidate
            marked.chosen = candidate.process.identity == choice
            return marked
        }
    }
}

extension ProcessSelection: LosslessStringConvertible {
    public var description: String {
        switch self {
        case .largest: "largest"
        case .first: "first"
        case .pid(let pid): pid.description
        }
    }

    /// `largest`, `first`, or a process id.
    public init?(_ text: String) {
        switch text {
        case "largest": self = .largest
        case "first": self = .first
        default:
            guard let pid = Int32(text), pid > 0 else { return nil }
            self = .pid(ProcessID(pid))
        }
    }
}
