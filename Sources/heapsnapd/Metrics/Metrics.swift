import MemoryWatch
import Units

/// All that the daemon tells to Prometheus, of one instant. docs/guide/metrics.md lists it.
struct Metrics: Sendable {
    struct Process: Sendable {
        var service: String
        var pid: ProcessID
        /// Of the limit that will be hit first; nil: not known, and absent then.
        var use, limit: ByteCount?
        /// nil: it does not grow.
        var timeToLimit: Duration?
    }

    /// Three series each; of more services those that are nearest to their limit are told.
    static let mostProcesses = 500

    var version: String
    var processes: [Process]
    var watched: Int
    var counts: CaptureCounts
    /// nil: the store cannot be read now.
    var storeBytes: ByteCount?

    var text: String {
        var page = PrometheusText()
        page.family("heapsnapd_build_info", .gauge, "Always 1, with the version of heapsnapd.")
        page.sample("heapsnapd_build_info", 1 as Int64, ["version": version])
        page.family("heapsnapd_watched_services", .gauge, "Services that are watched.")
        page.sample("heapsnapd_watched_services", Int64(watched))
        let told = Self.nearest(processes)
        gauge(&page, "heapsnapd_use_bytes", "Memory in use, of the limit that will be hit first.", told) { $0.use.map { Double($0.bytes) } }
        gauge(&page, "heapsnapd_limit_bytes", "The limit that will be hit first: the cgroup's, or V8's own.", told) {
            $0.limit.map { Double($0.bytes) }
        }
        gauge(&page, "heapsnapd_time_to_limit_seconds", "When the limit will be hit at the present growth; absent while nothing grows.", told) {
            $0.timeToLimit?.inSeconds
        }
        page.family("heapsnapd_captures_total", .counter, "Snapshots since the start, by how they were taken and what came of them.")
        for (outcome, count) in counts.captures.sorted(by: { $0.key < $1.key }) {
            page.sample("heapsnapd_captures_total", Int64(count), ["rung": outcome.rung, "outcome": outcome.state])
        }
        page.family("heapsnapd_refusals_total", .counter, "Captures since the start that were refused, by the code of the refusal.")
        for (code, count) in counts.refusals.sorted(by: { $0.key < $1.key }) {
            page.sample("heapsnapd_refusals_total", Int64(count), ["reason": code])
        }
        page.histogram("heapsnapd_capture_pause_seconds", "How long services stood still for a capture.", counts.pauses)
        if let storeBytes {
            page.family("heapsnapd_store_bytes", .gauge, "What the stored snapshots take on disk.")
            page.sample("heapsnapd_store_bytes", storeBytes.bytes)
        }
        return page.text
    }

    private func gauge(
        _ page: inout PrometheusText, _ name: String, _ help: String, _ processes: [Process], _ value: (Process) -> Double?
    ) {
        page.family(name, .gauge, help)
        for process in processes {
            if let value = value(process) { page.sample(name, value, ["service": process.service, "pid": "\(process.pid)"]) }
        }
    }

    /// In the order of their names, so that two pages can be compared.
    private static func nearest(_ processes: [Process]) -> [Process] {
        func share(_ process: Process) -> Double {
            guard let use = process.use, let limit = process.limit, limit > .zero else { return 0 }
            return Double(use.bytes) / Double(limit.bytes)
        }
        return processes.sorted { share($0) > share($1) }.prefix(mostProcesses)
            .sorted { ($0.service, $0.pid.rawValue) < ($1.service, $1.pid.rawValue) }
    }
}

extension Metrics.Process {
    init(_ report: ServiceReport) {
        let nearest = report.sample?.nearest?.level
        self.init(
            service: report.service, pid: report.process.identity.pid, use: nearest?.use, limit: nearest?.limit,
            timeToLimit: report.forecast?.timeToLimit)
    }
}
