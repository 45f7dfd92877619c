import Capture
import Linux
import MemoryWatch
import Node
import SnapshotStore
import Units

/// What a watch knows of its service at one instant.
struct ServiceReport: Sendable {
    enum State: Sendable { case watching, capturing, throttled, refused }

    var service: String
    var process: NodeProcess
    var hasAgent: Bool
    var sample: Sample?
    var forecast: Forecast?
    var state: State
    var lastCapture: SnapshotRecord?
}

extension ServiceWatch {
    /// nil: no process has been found yet.
    func standing() -> ServiceReport? {
        guard let target else { return nil }
        return ServiceReport(
            service: service, process: target.process, hasAgent: agent != nil, sample: lastSample, forecast: forecast, state: state,
            lastCapture: lastCapture)
    }

    private var state: ServiceReport.State {
        if captures.isBusy { return .capturing }
        if isRefused { return .refused }
        return isThrottled ? .throttled : .watching
    }
}
