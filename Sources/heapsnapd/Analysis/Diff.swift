import HeapSnapshot
import SnapshotStore

/// Two snapshots side by side, by the identity of objects that is right for them (contract 33).
struct Diff {
    var comparison: HeapSnapshot.Comparison
    /// Why this identity, in words.
    var reason: String
    /// Of alignments, 0...1: a judgement, see `Alignment.confidence`.
    var confidence: Double?
    /// Without identity: by the way from the roots.
    var paths: [PathChange]?

    /// - Parameters:
    ///   - before, after: read, and not computed.
    ///   - identity: nil: found out, from the records, else from the snapshots.
    init(_ before: OpenedSnapshot, _ after: OpenedSnapshot, identity: Identity?, byLocation: Bool = false, threads: Int = 1) {
        let chosen = Self.choose(before, after, identity)
        reason = chosen.reason
        switch chosen.identity {
        case .ids:
            let later = HeapSnapshot.Census(after.snapshot)
            comparison = HeapSnapshot.Comparison(
                HeapSnapshot.Census(before.snapshot, namedAs: later), later, identity: .ids, byLocation: byLocation)
        case .aligned:
            let alignment = Alignment(before.snapshot, after.snapshot)
            let identities = alignment.identities(before.snapshot, after.snapshot)
            let later = HeapSnapshot.Census(after.snapshot, identities: identities)
            comparison = HeapSnapshot.Comparison(
                HeapSnapshot.Census(before.snapshot, namedAs: later), later, identity: .aligned, byLocation: byLocation)
            confidence = alignment.confidence
        case .none:
            let later = HeapLayout(SnapshotGraph(after.snapshot, threads: threads))
            let earlier = HeapLayout(SnapshotGraph(before.snapshot, threads: threads), namedAs: later)
            comparison = HeapSnapshot.Comparison(earlier, later)
            paths = PathChange.between(earlier, later)
        }
    }

    static func choose(_ before: OpenedSnapshot, _ after: OpenedSnapshot, _ wanted: Identity?) -> (identity: Identity, reason: String) {
        if let wanted { return (wanted, "as asked for") }
        if let old = before.record, let new = after.record {
            if let lineage = old.lineage, lineage == new.lineage { return (.ids, "both number their objects alike (lineage \(lineage))") }
            if let instance = old.instance, instance == new.instance {
                return (.aligned, "two copies of one process, each of which numbers its objects anew")
            }
            return (.none, "two processes, whose object ids have nothing to do with each other")
        }
        let guess = Identity.guess(before.snapshot, after.snapshot)
        let seen = "\(guess.agreed) of \(guess.found) common ids are on the same kind of object"
        if guess.identity == .ids { return (.ids, seen) }
        let copies = guess.isBeforeNumberedAnew && guess.isAfterNumberedAnew
        return (.none, seen + (copies ? "; for two copies of one process use --identity aligned" : ""))
    }
}
