import Capture
import Units

/// One capture's progress on a terminal: a line that is written over, and what it waits for. Nothing where nobody watches.
struct ProgressLine: Sendable {
    let predictedPause: Duration?
    let predictedBytes: ByteCount?

    func show(_ progress: CaptureProgress) {
        switch progress {
        case .admitted: Terminal.showProgress("admitted")
        case .lent(let from, let to): Terminal.showProgress("limit raised from \(from) to \(to) for the capture")
        case .signalled: Terminal.showProgress("signal sent; waiting for the event loop")
        case .copied(let pause, let exactIDsUntil):
            let hunt = exactIDsUntil.map { ", keeping object ids until \($0)" } ?? ""
            Terminal.showProgress("copied; the service stood still for \(pause.text) and runs on" + hunt)
        case .copyFailed(let refusal): Terminal.showProgress(refusal.message)
        case .copyWorks(let phase, let done, let total):
            let share = total.flatMap { $0 > 0 ? " \(min(100, done * 100 / $0)) %" : nil } ?? ""
            Terminal.showProgress("the copy takes the snapshot: \(phase)\(share)")
        case .generating(let elapsed):
            Terminal.showProgress("Node walks its heap: \(elapsed.text)" + (predictedPause.map { " of about \($0.text)" } ?? ""))
        case .writing(let bytes): Terminal.showProgress("Node writes: \(bytes)" + (predictedBytes.map { " of about \($0)" } ?? ""))
        case .storing(let bytes): Terminal.showProgress("storing: \(bytes)")
        }
    }
}
