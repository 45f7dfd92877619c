import Control
import Units

/// `heapsnapd status` for people: a line about the daemon, a row a process, a line a capture that waits.
struct StatusTable {
    let text: String

    init(_ status: DaemonStatus) {
        var table = Table([
            ("SERVICE", .left), ("PID", .right), ("USE", .right), ("LIMIT", .right), ("TREND", .right), ("TIME TO LIMIT", .right), ("STATE", .left),
            ("LAST CAPTURE", .left),
        ])
        for process in status.processes { table.add(Self.row(process)) }
        let waiting = status.queue.map { "waiting   \($0.service) (process \($0.pid)), \($0.reason), since \($0.since)" }
        text = ([Self.headline(status)] + (status.processes.isEmpty ? [] : [table.text]) + waiting).joined(separator: "\n")
    }

    private static func headline(_ status: DaemonStatus) -> String {
        guard let daemon = status.daemon else {
            return status.processes.isEmpty ? "no daemon runs, and no Node process that could be looked at" : "no daemon runs; seen in one look:"
        }
        let next = status.nextLimit.map { ", next limit in \(Duration(inSeconds: $0.timeToLimit).text) (\($0.service))" } ?? ""
        return "heapsnapd \(daemon.version), process \(daemon.pid), since \(daemon.since); watching \(status.watching)\(next)"
    }

    private static func row(_ process: DaemonStatus.Process) -> [String] {
        let trend = process.trend.map { ($0 < .zero ? "-\(-$0)" : "+\($0)") + "/s" }
        return [
            process.service, "\(process.pid)", (process.use ?? process.rss)?.description ?? "-", process.limit?.description ?? "-", trend ?? "-",
            process.timeToLimit.map { Duration(inSeconds: $0).text } ?? "-", process.state.rawValue,
            process.lastCapture.map { "\($0.id) \($0.state)" } ?? "-",
        ]
    }
}
