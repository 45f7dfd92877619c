import Linux
import Units

/// What the kernel reports by itself, so that the loop need not wait for its next look: usage thresholds on v1, memory.events and PSI on v2
/// (contract 8). What a kernel lacks is left out and said.
struct Alarms {
    private var tasks: [Task<Void, Never>] = []
    private(set) var missing: [String] = []

    /// - Parameter levels: uses at which a rule would fire.
    init(_ hierarchy: MemoryHierarchy?, levels: [ByteCount], ring: @escaping @Sendable () -> Void) {
        for cgroup in hierarchy?.cgroups ?? [] {
            if let v1 = cgroup as? CgroupV1Memory {
                guard cgroup.path == hierarchy?.leaf.path else { continue }
                for level in levels { listen("usage threshold at \(level)", ring) { try UsageThreshold(v1, at: level).crossings } }
            } else if let v2 = cgroup as? CgroupV2Memory, (try? cgroup.limit()) != nil {
                listen("memory.events of \(cgroup.path)", ring) { try v2.eventChanges() }
                listen("memory.pressure of \(cgroup.path)", ring) { try PressureTrigger("\(v2.path)/memory.pressure").alarms }
            }
        }
    }

    private mutating func listen(_ name: String, _ ring: @escaping @Sendable () -> Void, _ open: () throws -> AsyncStream<Void>) {
        do {
            let stream = try open()
            tasks.append(Task { for await _ in stream { ring() } })
        } catch { missing.append("\(name): \(error)") }
    }

    func cancel() { tasks.forEach { $0.cancel() } }
}
