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
    /// Of its first process.
    let uid: UInt32
    private let table: ProcessTable
    private let queue: CaptureQueue
    private let members = Mutex<[ProcessIdentity: NodeProcess]>([:])
    /// The unit's own command, systemd's child: this life's and the last one's, whose end may be asked for when the next has come.
    private let mains = Mutex<[ProcessIdentity]>([])
    private let deserted: @Sendable () async -> Void

    init(_ subject: Subject, first: NodeProcess, table: ProcessTable, queue: CaptureQueue, deserted: @escaping @Sendable () async -> Void) {
        self.subject = subject
        uid = first.uid
        self.table = table
        self.queue = queue
        self.deserted = deserted
        add(first)
    }

    var plan: LaunchPlan? { nil }
    var processes: [NodeProcess] { members.withLock { Array($0.values) } }
    var mayHaveOthers: Bool { members.withLock { $0.count } > 1 }

    func add(_ process: NodeProcess) {
        members.withLock { $0[process.identity] = process }
        guard (try? table.stat(process.identity.pid))??.parent == ProcessID(1) else { return }
        mains.withLock { $0 = $0.filter { $0 != process.identity }.suffix(1) + [process.identity] }
    }

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
            // What cannot be read now (no descriptor, no memory) is not gone.
            guard let reading = try? NodeProcess.read(known.identity.pid, table: table) else { return Candidate(process: known, rss: .zero) }
            guard case .node(let process) = reading, process.identity == known.identity else {
                members.withLock { _ = $0.removeValue(forKey: known.identity) }
                return nil
            }
            return Candidate(process: process, rss: (try? table.statm(process.identity.pid))??.rss ?? .zero)
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
        guard mains.withLock({ $0.contains(process.identity) }), let unit = process.unit, SystemdConnection.libraryObstacle == nil else { return nil }
        for _ in 0..<10 {
            do {
                if let exit = try await BlockingWork.run({ try UnitExit.last(of: unit, since: since) }) { return exit }
            } catch { return nil }
            try? await Task.sleep(for: .milliseconds(200))
        }
        return nil
    }

    /// What runs it decides whether it comes again.
    func terminate(_ process: ProcessIdentity?, reason: String) {
        _ = try? process.flatMap { try ProcessHandle($0, table: table) }?.signal(SIGTERM)
    }

    func execute(_ command: HookCommand) async -> String? {
        await BlockingWork.run { await command.runBySystemd() ?? command.runAsChild() }
    }
}
