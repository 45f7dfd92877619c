import Capture
import Linux
import Units

/// One capture at a time on this host; of those that wait, the one whose limit is nearest goes first.
actor CaptureQueue {
    struct Waiting: Sendable {
        var service: String
        var process: ProcessIdentity?
        var reason: String
        var since: Timestamp
        /// When its limit will be hit, on the monotonic clock; nil: nobody knows, or somebody asked.
        var deadline: Duration?
    }

    private(set) var isTaken = false
    private var queue: [(waiting: Waiting, continuation: CheckedContinuation<Void, Never>)] = []
    var waiting: [Waiting] { queue.map(\.waiting) }

    /// Runs `capture` when it is its turn. A task that is cancelled while it waits gets its turn all the same, and sees it there.
    func inTurn<Result: Sendable>(_ entry: Waiting, _ capture: @Sendable () async -> Result) async -> Result {
        if isTaken { await withCheckedContinuation { queue.append((entry, $0)) } }
        isTaken = true
        let result = await capture()
        if let next = Self.next(queue.map(\.waiting)) { queue.remove(at: next).continuation.resume() } else { isTaken = false }
        return result
    }

    /// - Returns: index of who goes next; nil: nobody waits.
    static func next(_ waiting: [Waiting]) -> Int? {
        waiting.indices.min { (waiting[$0].deadline ?? .seconds(Int64.max / 2), $0) < (waiting[$1].deadline ?? .seconds(Int64.max / 2), $1) }
    }
}
