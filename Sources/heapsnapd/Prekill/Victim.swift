import Linux
import Node
import Units

/// Which process somebody is about to kill.
enum Victim: Sendable, Hashable {
    case process(ProcessID)
    /// As the killer names it: `/system.slice/shop.service`, or its directory.
    case cgroup(String)

    /// The Node process that a snapshot is worth: of a cgroup the largest (contract 6). nil: there is none.
    /// - Throws: `KernelError` where we may not look.
    func node(in table: ProcessTable) throws -> NodeProcess? {
        switch self {
        case .process(let pid):
            guard case .node(let process) = try NodeProcess.read(pid, table: table) else { return nil }
            return process
        case .cgroup(let name):
            guard let root = try CgroupTree.root(in: table) else { return nil }
            let candidates = try Self.members(of: name.hasPrefix(root) ? name : root + "/" + name).compactMap { pid -> Candidate? in
                // One that may not be looked at, or is gone, is none.
                guard case .node(let process)? = try? NodeProcess.read(pid, table: table), let rss = try? table.statm(pid)?.rss else { return nil }
                return Candidate(process: process, rss: rss)
            }
            return ProcessSelection.largest.choose(from: candidates)?.process
        }
    }

    /// And of all cgroups below.
    private static func members(of directory: String) throws(KernelError) -> [ProcessID] {
        // cgroup.procs is the same file in both versions.
        var members = try CgroupV2Memory(path: directory).processes()
        for name in try SmallFile.directories(in: directory) ?? [] { members += try Self.members(of: "\(directory)/\(name)") }
        return members
    }
}
