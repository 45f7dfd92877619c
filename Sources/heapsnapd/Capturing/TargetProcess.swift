import Capture
import Linux
import Node
import SnapshotStore
import Units

extension ProcessTable {
    /// The process, or the reason why it cannot be captured; where we may not look nothing is known, and that is a refusal (contract 13).
    func nodeProcess(_ pid: ProcessID) throws -> NodeProcess {
        let reading: NodeProcessReading
        do { reading = try NodeProcess.read(pid, table: self) } catch let error as KernelError {
            guard case .denied = error else { throw error }
            throw CommandFailure(Refusal(.flagsUnreadable, error.description))
        }
        switch reading {
        case .node(let process): return process
        case .gone: throw CommandFailure(.notFound, "no process \(pid); ps shows those that run")
        case .notNode(let reason):
            let below = try descendants(of: pid).filter { if case .node = try? NodeProcess.read($0, table: self) { true } else { false } }
            let hint = below.isEmpty ? "" : "; below it run Node processes: \(below.map(\.description).joined(separator: ", "))"
            throw CommandFailure(Refusal(.notNode, "process \(pid) is not Node: \(reason)\(hint)"))
        }
    }
}

extension Workplace {
    func nodeProcess(_ pid: ProcessID) throws -> NodeProcess { try table.nodeProcess(pid) }

    /// Contract 1; what runs below `heapsnapd run` has the name that it was given there, so that records and learned costs stay together.
    func serviceName(of process: NodeProcess, explicit: String?) -> String {
        explicit ?? run(above: process.identity.pid)?.service ?? process.serviceName()
    }

    /// The `heapsnapd run` with this store that the process lives below.
    func run(above pid: ProcessID) -> RunState? {
        var ancestors = [pid]
        while let parent = try? table.stat(ancestors[ancestors.count - 1])?.parent, parent.rawValue > 1, ancestors.count < 32 {
            ancestors.append(parent)
        }
        return try? store.runStates().first {
            ancestors.contains($0.supervisor.pid) && (try? table.identity($0.supervisor.pid)) == $0.supervisor.identity
        }
    }

    /// Gives back after a single capture, as the service comes down: for ten seconds at most, then the next heapsnapd command goes on.
    func giveBack() async {
        for _ in 0..<20 {
            do {
                guard let loan = try site.loans.settle(heldBy: site.holder, growth: .mebibytes(16)) else { return }
                if loan.owesSnapshot { break }
            } catch {}  // said below, if it stays so
            try? await Task.sleep(for: .milliseconds(500))
        }
        guard let loan = site.loans.open(heldBy: site.holder), let limit = loan.limits.first else { return }
        Terminal.printError(
            "heapsnapd: the limit of \(limit.path) stays at \(limit.new) (it was \(limit.old)): "
                + (loan.owesSnapshot
                    ? "the service will still need it for the snapshot; " : "the snapshot left \(loan.leftBehind) in the service; ")
                + "any later heapsnapd command gives back what it can, the end of the service the rest")
    }
}
