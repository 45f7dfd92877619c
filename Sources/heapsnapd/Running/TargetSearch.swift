import Linux
import Node
import Units

/// Finds the Node process that matters below a command (contract 6).
struct TargetSearch: Sendable {
    let table: ProcessTable
    let selection: ProcessSelection
    let plan: LaunchPlan

    /// The command itself and all below it that are Node, the chosen one marked; empty while none is.
    func candidates(below command: ProcessID) -> [Candidate] {
        let pids = [command] + ((try? table.descendants(of: command)) ?? [])
        let candidates = pids.compactMap { pid -> Candidate? in
            guard case .node(let process)? = try? NodeProcess.read(pid, table: table), let rss = try? table.statm(pid)?.rss else { return nil }
            return Candidate(process: pid == command ? launched(process) : process, rss: rss)
        }
        return selection.mark(candidates)
    }

    /// Our launch record (contract 13) knows the flags also where `process.title` has written over the command line, or the environment is hidden.
    private func launched(_ process: NodeProcess) -> NodeProcess {
        guard !process.flagsKnown, plan.via == .argv else { return process }
        var known = process
        known.arguments = plan.arguments
        known.flags = NodeFlags.parse(arguments: plan.arguments, nodeOptions: plan.environment["NODE_OPTIONS"])
        known.argumentsKnown = true
        known.environmentKnown = true
        return known
    }
}
