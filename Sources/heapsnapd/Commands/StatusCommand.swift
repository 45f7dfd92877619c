import ArgumentParser
import Capture
import Control
import Linux
import Node
import SnapshotStore
import Units

struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what the daemon watches: memory, limits, time to limit, captures.",
        discussion: """
            Root and the group heapsnapd see all processes, others their own. Where no daemon runs: the Node processes that this user may look at, and what can be
            told of them in one look; the trend and the time to the limit need two.

            EXAMPLES
              heapsnapd status
              heapsnapd status --json | jq '.nextLimit'

            EXIT STATUS
              0 the daemon runs, 4 it does not.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var daemon: LoneOptions

    func run() throws {
        try untilInterrupted {
            let status: DaemonStatus
            if case .status(let told)? = try await daemon.ask(.status, patience: .seconds(10)) { status = told } else { status = try look() }
            options.json ? JSONOutput.print(status) : Terminal.print(StatusTable(status).text)
            if status.daemon == nil { throw ExitCode(CommandFailure.Code.notFound.rawValue) }
        }
    }

    /// Without a daemon.
    private func look() throws -> DaemonStatus {
        let table = ProcessTable()
        // A store that was never written to is an empty one.
        let records = (try? Workplace.open(options, for: .reading).store.records().records) ?? []
        let processes = try table.pids().compactMap { pid -> DaemonStatus.Process? in
            // What may not be looked at is not this user's.
            guard case .node(let process)? = try? NodeProcess.read(pid, table: table), process.packageManager == nil else { return nil }
            return DaemonStatus.Process(seen: process, in: table, lastCapture: records.last { $0.instance?.identity == process.identity })
        }
        return DaemonStatus(daemon: nil, queue: [], processes: processes)
    }
}

extension DaemonStatus.Process {
    /// One look at a process that nobody watches.
    fileprivate init(seen process: NodeProcess, in table: ProcessTable, lastCapture: SnapshotRecord?) {
        self.init(service: process.serviceName(), pid: process.identity.pid, state: .unwatched)
        owner = process.uid
        unit = process.unit
        node = process.version?.description
        rss = (try? table.statm(pid))??.rss
        if let hierarchy = try? MemoryHierarchy.of(pid, in: table), let effective = try? hierarchy.effectiveLimit() {
            limit = effective.limit
            limitKind = "cgroup"
            use = try? workingSet(effective.cgroup ?? hierarchy.leaf)
        }
        agent = (try? table.abstractListeners(pid)).flatMap(\.self)?.contains { $0.hasPrefix("heapsnapd.") }
        self.lastCapture = lastCapture.map { LastCapture(id: $0.id, at: $0.createdAt, state: $0.state.rawValue) }
    }
}
