import Capture
import Units

/// One capture's progress on a terminal: a line that is written over, and what it waits for. Nothing where nobody watches.
struct ProgressLine: Sendable {
    let predictedPause: Duration?
    let predictedBytes: ByteCount?

    func show(_ progress: CaptureProgress) { Terminal.showProgress(text(progress)) }

    func text(_ progress: CaptureProgress) -> String {
        switch progress {
        case .admitted: "admitted"
        case .lent(let from, let to): "limit raised from \(from) to \(to) for the capture"
        case .signalled: "signal sent; waiting for the event loop"
        case .copied(let pause, let exactIDsUntil):
            "copied; the service stood still for \(pause.text) and runs on" + (exactIDsUntil.map { ", keeping object ids until \($0)" } ?? "")
        case .copyFailed(let refusal): refusal.message
        case .copyWorks(let phase, let done, let total):
            "the copy takes the snapshot: \(phase)" + (total.flatMap { $0 > 0 ? " \(min(100, done * 100 / $0)) %" : nil } ?? "")
        case .generating(let elapsed):
            "Node walks its heap: \(elapsed.text)" + (predictedPause.map { " of about \($0.text)" } ?? "")
        case .writing(let bytes): "Node writes: \(bytes)" + (predictedBytes.map { " of about \($0)" } ?? "")
        case .storing(let bytes): "storing: \(bytes)"
        }
    }
}
