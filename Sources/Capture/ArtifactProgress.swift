public import Units

/// What is known of a snapshot file while Node writes it (node-and-linux.md, "Files and signals"): Node creates it under its final name with
/// 0 bytes, walks the heap, then writes; IN_CLOSE_WRITE is the end. After a write error the descriptor leaks and no close comes.
///
/// Pure: judged by bytes and by the CPU time of the writer, never by wall clock alone (contract 30).
public struct ArtifactProgress: Sendable {
    public enum State: Sendable, Hashable {
        /// The signal is out, no file yet.
        case requested
        /// The file has 0 bytes: the heap is being walked.
        case generating
        case writing
        /// Closed by its writer; whether it is whole is for the verification to say.
        case closed
        /// Neither bytes nor CPU time advanced for the whole stall timeout; or for three of them the writer was busy with something else: its event
        /// loop never came to the handler, or a write failed and it serves requests again.
        case stalled
        /// The writer is gone without closing in time; the file may be whole all the same.
        case targetDied

        public var isFinal: Bool { self == .closed || self == .stalled || self == .targetDied }
    }

    public struct Observation: Sendable {
        /// nil: no file.
        public var bytes: ByteCount?
        /// Node took its descriptor away.
        public var closed: Bool
        /// User and system time of the target's main thread; nil when it is gone.
        public var cpuTime: Duration?
        public var at: Duration

        public init(bytes: ByteCount?, closed: Bool, cpuTime: Duration?, at: Duration) {
            self.bytes = bytes
            self.closed = closed
            self.cpuTime = cpuTime
            self.at = at
        }
    }

    public private(set) var state = State.requested
    public private(set) var bytes = ByteCount.zero
    private let stallTimeout: Duration
    private let longestWalk: Duration
    private var cpuTime: Duration?
    private var lastAdvance: Duration
    private var lastBytes: Duration

    /// - Parameter longestWalk: after so long without a byte it is no walk of the heap any more: the first write failed, and the service goes on.
    public init(stallTimeout: Duration, longestWalk: Duration = .seconds(600), at: Duration) {
        self.stallTimeout = stallTimeout
        self.longestWalk = longestWalk
        lastAdvance = at
        lastBytes = at
    }

    public mutating func observe(_ seen: Observation) -> State {
        guard !state.isFinal else { return state }
        if let size = seen.bytes {
            if state == .requested { advance(to: .generating, at: seen.at) }
            if size > bytes { advance(to: .writing, at: seen.at) }
            bytes = max(bytes, size)
        }
        // 1/100 s is the resolution of /proc/PID/stat; an idle process does not reach it in 10 s of housekeeping.
        if let now = seen.cpuTime, now - (cpuTime ?? .zero) >= .milliseconds(20) {
            cpuTime = now
            lastAdvance = seen.at
        }
        if seen.cpuTime == nil {
            // Its end closes its files: that says nothing.
            state = .targetDied
        } else if seen.closed {
            state = .closed
        } else if seen.at - lastAdvance >= stallTimeout || seen.at - lastBytes >= (state == .generating ? longestWalk : stallTimeout * 3) {
            state = .stalled
        }
        return state
    }

    private mutating func advance(to next: State, at: Duration) {
        state = next
        lastAdvance = at
        lastBytes = at
    }
}
