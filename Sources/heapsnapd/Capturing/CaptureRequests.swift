import Capture
import Linux
import MemoryWatch
import Node
import SnapshotStore
import Units

extension Workplace {
    /// A record's first lines: who, where, why.
    /// - Parameter watched: what is known of the process already, which saves a millisecond where the signal is waited for.
    func record(
        of process: NodeProcess, service: String, reason: String, detail: String? = nil, rule: String? = nil, watched: WatchedProcess? = nil
    ) -> SnapshotRecord {
        let now = SystemClock.now()
        var record = SnapshotRecord(
            id: SnapshotID(at: now), state: .requested, service: service, reason: reason, engine: "none",
            createdAt: now)
        record.instance = .init(process.identity)
        record.pid = process.identity.pid
        record.detail = detail
        record.rule = rule
        record.node = .init(
            version: process.version?.description, executable: process.executable, arguments: process.arguments,
            heapLimit: watched?.heapLimit ?? heapLimit(of: process))
        record.host = host(of: process, watched?.sampler.hierarchy)
        return record
    }

    /// A wish for a snapshot of this process by the configuration's terms.
    func request(_ record: SnapshotRecord, of process: NodeProcess, directory: String, signal: Int32, growth: ByteCount, assumesHandler: Bool = false)
        -> CaptureRequest
    {
        let capture = configuration.capture
        return CaptureRequest(
            process: process, directory: directory, signal: signal, handler: configuration.launch.handler,
            admission: Admission(maxPause: capture.maxPause, lend: capture.lend, acceptRisk: capture.acceptRisk), stallTimeout: capture.stallTimeout,
            assumesHandler: assumesHandler, growth: growth, record: record)
    }

    /// V8's own limit, as this process computed it at its start; nil where its version is unknown.
    func heapLimit(of process: NodeProcess) -> ByteCount? {
        guard let version = process.version, let host = try? table.hostMemory() else { return nil }
        let constrained = (try? ConstrainedMemory.read(process, table: table)).flatMap(\.self)
        return HeapLimit.predict(version: version, flags: process.flags, constrainedMemory: constrained, hostMemory: host.total)
    }

    private func host(of process: NodeProcess, _ hierarchy: MemoryHierarchy?) -> SnapshotRecord.Host {
        var host = SnapshotRecord.Host(hostname: hostName(), cgroup: process.cgroup, unit: process.unit, container: process.container)
        if let limit = try? (hierarchy ?? MemoryHierarchy.of(process.identity.pid, in: table))?.effectiveLimit() {
            host.limit = limit.limit
            host.limitSource = limit.cgroup?.path ?? "ancestor"
        }
        return host
    }
}

extension SnapshotRecord.Sample {
    init(_ sample: Sample, at: Timestamp) {
        self.init(at: at, use: sample.cgroup?.use, limit: sample.cgroup?.limit, rss: sample.rss, heap: sample.heap?.use)
    }
}

extension SnapshotRecord.Candidate {
    init(_ candidate: Candidate) { self.init(pid: candidate.process.identity.pid, rss: candidate.rss, chosen: candidate.chosen) }
}
