/// At most so many hooks at once, and so many that wait: a host whose services are refused one after the other starts no flood of processes.
struct HookQueue<Hook> {
    enum Step {
        case start(Hook)
        case wait
        case drop
    }

    static var mostWaiting: Int { 32 }
    let mostRunning: Int
    private(set) var running = 0
    private(set) var waiting: [Hook] = []

    init(mostRunning: Int) { self.mostRunning = mostRunning }

    mutating func add(_ hook: Hook) -> Step {
        if running < mostRunning {
            running += 1
            return .start(hook)
        }
        guard waiting.count < Self.mostWaiting else { return .drop }
        waiting.append(hook)
        return .wait
    }

    /// Those that wait are not started any more.
    mutating func forgetWaiting() { waiting = [] }

    /// One has ended.
    /// - Returns: who takes its place.
    mutating func ended() -> Hook? {
        guard !waiting.isEmpty else {
            running -= 1
            return nil
        }
        return waiting.removeFirst()
    }
}
