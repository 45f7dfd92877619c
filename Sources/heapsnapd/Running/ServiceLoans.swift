import Capture
import Units

extension ServiceWatch {
    /// One step of giving back, also what a `dump` beside us left open.
    /// - Returns: whether something of ours is still lent.
    @discardableResult
    func giveBack(growth: ByteCount) -> Bool {
        let site = workplace.site
        site.loans.settleOrphans(growth: max(growth, .mebibytes(64)))
        guard let open = site.loans.open(heldBy: site.holder) else { return false }
        do {
            if try site.loans.settle(heldBy: site.holder, growth: growth) != nil { return true }
            log.notice("\(service): the limit is back at \(open.limits.first?.old.description ?? "its old value")")
            return false
        } catch {
            log.warning("\(service): cannot give back: \(error)")
            return true
        }
    }
}
