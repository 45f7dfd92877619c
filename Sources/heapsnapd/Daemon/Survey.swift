import Linux
import Node
import Units

/// One look at processes of the host: which are Node, which of those are new.
struct Survey: Sendable {
    struct Found: Sendable {
        var new: [NodeProcess] = []
        /// Of the Node processes that were known before.
        var alive: Set<ProcessIdentity> = []
        /// Too young to be judged: most processes of a host live for moments.
        var young: [ProcessID] = []
        /// Below a `heapsnapd run`, which watches them itself.
        var supervised: Set<ProcessIdentity> = []
    }

    /// Younger ones are looked at again.
    static let youth = Duration.milliseconds(300)

    let table: ProcessTable
    private var census = Census()
    private var known: [ProcessID: ProcessIdentity] = [:]
    private var bootID: String?

    init(table: ProcessTable) { self.table = table }

    /// The part that is all there is to do at rest: which of the known ones live. A file of /proc for each, none of which waits for the process.
    /// - Parameter pids: nil: all of the host.
    /// - Returns: what is known now, and who must be read.
    /// - Throws: `KernelError` where /proc cannot be listed.
    mutating func begin(at pids: [ProcessID]?) throws -> (found: Found, unknown: [ProcessID]) {
        var found = Found(), unknown: [ProcessID] = []
        let all = try pids ?? table.pids()
        for pid in census.due(among: all, isComplete: pids == nil, at: SystemClock.monotonic()) {
            if let identity = known[pid], (try? table.identity(pid)) == identity {
                found.alive.insert(identity)
            } else {
                known[pid] = nil
                unknown.append(pid)
            }
        }
        if pids == nil {
            let present = Set(all)
            known = known.filter { present.contains($0.key) }
        }
        return (found, unknown)
    }

    mutating func forget(_ pids: Set<ProcessID>) { for pid in pids { known[pid] = nil } }

    /// Whether they are Node. Waits for the mmap lock of each (cmdline, environ).
    mutating func read(_ unknown: [ProcessID], _ found: inout Found) {
        let now = SystemClock.monotonic(), boot = SystemClock.boottime()
        for pid in unknown {
            guard let stat = try? table.stat(pid) else { continue }
            if boot - stat.started < Self.youth {
                found.young.append(pid)
                continue
            }
            guard case .node(let process)? = try? NodeProcess.read(pid, table: table) else {
                census.found(pid, isNode: false, at: now)
                continue
            }
            if isSupervised(process) {
                found.supervised.insert(process.identity)
                census.found(pid, isNode: false, at: now)
                continue
            }
            census.found(pid, isNode: true, at: now)
            known[pid] = process.identity
            found.new.append(process)
        }
    }

    /// The topmost Node process above it in the same cgroup: of a cluster, its primary.
    func head(of process: NodeProcess) -> ProcessIdentity {
        var head = process.identity
        for ancestor in ancestors(of: process.identity.pid) {
            guard let identity = known[ancestor], (try? table.cgroups(ancestor)) == (try? table.cgroups(process.identity.pid)) else { break }
            head = identity
        }
        return head
    }

    private func isSupervised(_ process: NodeProcess) -> Bool {
        ancestors(of: process.identity.pid).contains { (try? table.stat($0))??.comm == "heapsnapd" }
    }

    private func ancestors(of pid: ProcessID) -> [ProcessID] {
        var chain: [ProcessID] = []
        var next = pid
        while let parent = (try? table.stat(next))??.parent, parent.rawValue > 1, chain.count < 32 {
            chain.append(parent)
            next = parent
        }
        return chain
    }
}
