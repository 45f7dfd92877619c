import Capture
import Units

extension ServiceWatch {
    /// One step of giving back, also what a `dump` beside us left open. Looks every 10 s, and every second while something is lent.
    func giveBack(at now: Duration) async {
        guard now >= nextGiveBack else { return }
        let isLent = !workplace.site.loans.isEmpty
        nextGiveBack = now + (isLent ? .seconds(1) : .seconds(10))
        if isLent { await giveBack(growth: growth) }
    }

    /// Only what was lent for this service, between its captures: the daemon is the holder for all, and another service's capture may be under way.
    /// - Returns: whether something of ours is still lent.
    @discardableResult
    func giveBack(growth: ByteCount) async -> Bool {
        let cgroup = target?.sampler.hierarchy?.leaf.path
        let own = Set(family.keys).union(target.map { [$0.process.identity] } ?? [])
        return await BlockingWork.run { [site = workplace.site, table = workplace.table, service, log] in
            site.loans.settleOrphans(growth: max(growth, .mebibytes(64)))
            guard let cgroup, let open = site.loans.open(heldBy: site.holder, of: cgroup) else { return false }
            // Another family in this cgroup gives back what its captures took.
            guard own.contains(open.target) || (try? table.identity(open.target.pid)) != open.target else { return false }
            do {
                if try site.loans.settle(heldBy: site.holder, of: cgroup, growth: growth) != nil { return true }
                log.record(.limitGivenBack, "\(service): the limit is back at \(open.limits.first?.old.description ?? "its old value")")
                return false
            } catch {
                log.warning("\(service): cannot give back: \(error)")
                return true
            }
        }
    }
}
