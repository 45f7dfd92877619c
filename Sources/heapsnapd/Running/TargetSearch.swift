import Linux
import Node
import Units

/// Finds the Node process that matters below a command (contract 6).
struct TargetSearch: Sendable {
    let table: ProcessTable
    let selection: ProcessSelection

    /// The command itself and all below it that are Node, the chosen one marked; empty while none is.
    func candidates(below command: ProcessID) -> [Candidate] {
        let pids = [command] + ((try? table.descendants(of: command)) ?? [])
        let candidates = pids.compactMap { pid -> Candidate? in
            guard case .node(let process)? = try? NodeProcess.read(pid, table: table), let rss = try? table.statm(pid)?.rss else { return nil }
            return Candidate(process: process, rss: rss)
        }
        return selection.mark(candidates)
    }
}
