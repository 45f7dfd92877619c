import Glibc
import Linux
import MemoryWatch
import Node
import Supervisor
import Synchronization
import Systemd
import Units

/// A service that somebody else runs: systemd, a container engine, a user. Its processes are those that the daemon has found.
final class ResidentService: ServiceHost {
    let subject: Subject
    private let table: ProcessTable
    private let queue: CaptureQueue
    private let members: Mutex<[ProcessIdentity: NodeProcess]>
    /// The unit's own command: systemd's child.
    private let main: ProcessIdentity?
    private let deserted: @Sendable () async -> Void

    init(_ subject: Subject, first: NodeProcess, table: ProcessTable, queue: CaptureQueue, deserted: @escaping @Sendable () async -> Void) {
        self.subject = subject
        self.table = table
        self.queue = queue
        self.deserted = deserted
        members = Mutex([first.identity: first])
        main = (try? table.stat(first.identity.pid))??.parent == ProcessID(1) ? first.identity : nil
    }

    var plan: LaunchPlan? { nil }
    var processes: [NodeProcess] { members.withLock { Array($0.values) } }
    var mayHaveOthers: Bool { members.withLock { $0.count } > 1 }

    func add(_ process: NodeProcess) { members.withLock { $0[process.identity] = process } }

    /// - Returns: whether any is left.
    func keep(_ alive: Set<ProcessIdentity>) -> Bool {
        members.withLock { members in
            members = members.filter { alive.contains($0.key) }
            return !members.isEmpty
        }
    }

    /// Read anew: handlers come up after the start.
    func candidates() -> [Candidate] {
        let candidates = processes.compactMap { known -> Candidate? in
            guard case .node(let process)? = try? NodeProcess.read(known.identity.pid, table: table), process.identity == known.identity,
                let rss = try? table.statm(process.identity.pid)?.rss
            else {
                members.withLock { _ = $0.removeValue(forKey: known.identity) }
                return nil
            }
            return Candidate(process: process, rss: rss)
        }
        return ProcessSelection.largest.mark(candidates)
    }

    func isDeserted() async { await deserted() }

    func inTurn<Result: Sendable>(_ timeToLimit: Duration?, _ capture: @Sendable () async -> Result) async -> Result {
        let now = SystemClock.monotonic()
        let entry = CaptureQueue.Waiting(
            service: subject.service, process: processes.first?.identity, reason: "", since: SystemClock.now(), deadline: timeToLimit.map { now + $0 }
        )
        return await queue.inTurn(entry, capture)
    }

    func captureBegan(patience: Duration?) {}
    func captureEnded() {}

    /// systemd tells the journal, which has it within a moment.
    func exit(of process: NodeProcess, since: Timestamp) async -> UnitExit? {
        guard process.identity == main, let unit = process.unit, SystemdConnection.libraryObstacle == nil else { return nil }
        for _ in 0..<10 {
            do {
                if let exit = try await BlockingWork.run({ try UnitExit.last(of: unit, since: since) }) { return exit }
            } catch { return nil }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return nil
    }

    /// Of the watched process; what runs it decides whether it comes again.
    func terminate(reason: String) {
        let largest = candidates().first(where: \.chosen)?.process.identity
        _ = try? largest.flatMap { try ProcessHandle($0, table: table) }?.signal(SIGTERM)
    }

    func execute(_ command: HookCommand) async -> String? {
        await BlockingWork.run { await command.runBySystemd() ?? command.runAsChild() }
    }
}
