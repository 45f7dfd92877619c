/// What the ids of two files say about where they come from, for files without a record.
public struct IdentityGuess: Sendable, Hashable, Codable {
    /// `ids`, or `none`: that two files come from one process whose copies number anew cannot be seen from them (contract 33), so `aligned` is for
    /// whoever knows it.
    public var identity: Identity
    /// Ids of the earlier one that were looked for in the later one.
    public var sampled: Int
    /// And are there.
    public var found: Int
    /// On a node of the same type and name, of at most twice the size.
    public var agreed: Int
    /// Its ids ascend in the order of its nodes: the first snapshot of a process, or a copy.
    public var isBeforeNumberedAnew: Bool
    /// A later snapshot in place never is: survivors keep ids from before.
    public var isAfterNumberedAnew: Bool
}

extension Identity {
    /// Cost: one pass over the later one's ids, 5 ns a node.
    ///
    /// In place, an id found again is on the same object, but for strings that were flattened and the like. In copies ids meet by chance, and for
    /// what every Node makes when it starts, where the two agree always; so a later one that is numbered anew is never trusted, unless they are equal.
    public static func guess(_ before: Snapshot, _ after: Snapshot) -> IdentityGuess {
        // 20,000: 1 % of a share of a half is seen with more than ten of its standard deviations to spare.
        let step = max(1, before.nodeCount / 20_000)
        var sample: [UInt32: Int] = [:]
        // V8's own, odd ones: the embedder's are hashes of addresses.
        for node in stride(from: 0, to: before.nodeCount, by: step) where before.columns.id[node] & 1 != 0 { sample[before.columns.id[node]] = node }
        var guess = IdentityGuess(
            identity: .none, sampled: sample.count, found: 0, agreed: 0, isBeforeNumberedAnew: before.isNumberedAnew,
            isAfterNumberedAnew: after.isNumberedAnew)
        for node in 0..<after.nodeCount {
            guard let other = sample[after.columns.id[node]] else { continue }
            guess.found += 1
            let (a, b) = (before.selfSize(other), after.selfSize(node))
            if before.kindName(of: other) == after.kindName(of: node), a <= 2 * b, b <= 2 * a,
                before.strings.raw(Int(before.columns.name[other])).elementsEqual(after.strings.raw(Int(after.columns.name[node])))
            {
                guess.agreed += 1
            }
        }
        let isEqual = guess.found == guess.sampled && guess.agreed == guess.found
        let isTrusted = !guess.isAfterNumberedAnew && Double(guess.agreed) >= 0.95 * Double(guess.found)
        if guess.found > 0, isEqual || isTrusted { guess.identity = .ids }
        return guess
    }
}

extension Snapshot {
    /// V8's ids ascend but for a handful (one in 220,000 seen on Node 20 and 24); in a second snapshot of a process 8 % do not.
    var isNumberedAnew: Bool {
        var (last, turns, all): (UInt32, Int, Int) = (0, 0, 0)
        for node in 0..<nodeCount where columns.id[node] & 1 != 0 {
            if columns.id[node] < last { turns += 1 }
            last = columns.id[node]
            all += 1
        }
        return turns * 1_000 <= all
    }
}
