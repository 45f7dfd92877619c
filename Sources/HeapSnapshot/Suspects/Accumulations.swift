/// A place in the group tree where much is held.
struct Accumulation {
    enum Form { case chain, many, single }
    var form: Form
    /// The group that holds; of a chain and of a single object the group itself.
    var holder: Int
    /// The groups of what is held, the largest first.
    var members: [Int]
    var bytes: Int64
    var count: Int
}

/// Looks for them from the root downwards, as Eclipse MAT's find_leaks does in the dominator tree; where one is found it goes no deeper, except for what
/// does not belong to it.
struct AccumulationSearch {
    let tree: GroupTree
    let weights: GroupWeights
    /// What is smaller is not looked at.
    let threshold: Int64
    /// The same for chains, which look like nothing else.
    let chainThreshold: Int64

    /// So many times more members than holders: a thing of which there are many.
    private static let fanOut = 8
    private static let fewestMembers = 16
    private static let shortestChain = 16
    /// Of closures: nobody means to nest scopes so deep.
    private static let shortestClosureChain = 10
    /// As many are told of whatever their size.
    private static let mostClosureChains = 4

    func find() -> [Accumulation] {
        var found: [Accumulation] = []
        var pending = [0]
        while let group = pending.popLast() {
            let children = tree.groups[group].children.map { Int($0) }
            let kind = tree.groups[group].key.kind
            let isChain = weights.depth[group] >= Self.shortestChain
            if isChain, weights.bytes[group] >= threshold || kind == NodeKind.object || kind == NodeKind.closure {
                found.append(
                    Accumulation(form: .chain, holder: group, members: [group], bytes: weights.bytes[group], count: weights.count[group]))
                continue
            }
            let fans = children.filter { isFan($0, of: group) }.sorted { weights.bytes[$0] > weights.bytes[$1] }
            var taken: Set<Int> = []
            for members in sets(fans, under: group) {
                let bytes = members.reduce(0) { $0 + weights.bytes[$1] }
                guard bytes >= threshold else { continue }
                taken.formUnion(members)
                found.append(
                    Accumulation(
                        form: .many, holder: group, members: members, bytes: bytes, count: tree.alike(members).reduce(0) { $0 + weights.count[$1] }))
            }
            let heavy = children.filter { weights.bytes[$0] >= chainThreshold && !taken.contains($0) }
            pending += heavy
            if weights.shallowBytes[group] >= threshold {
                found.append(Accumulation(form: .single, holder: group, members: [group], bytes: weights.bytes[group], count: weights.count[group]))
            }
        }
        found += closureChains(besides: found)
        // A table that grows with its entries is no thing of its own.
        let holders = Set(found.filter { $0.form != .single }.flatMap { ancestors(of: $0.holder) })
        found.removeAll { $0.form == .single && holders.contains($0.holder) }
        return found.sorted { ($1.bytes, $0.holder) < ($0.bytes, $1.holder) }
    }

    /// A chain of closures is a leak while it is still small: each link is a call that was meant to be over. The classic one of Meteor has a string of
    /// a megabyte in each link, which V8 makes of a few ropes that take no room until somebody reads it.
    private func closureChains(besides found: [Accumulation]) -> [Accumulation] {
        let known = Set(found.filter { $0.form == .chain }.map(\.holder))
        // Groups come after their parents: one pass tells what lies below a chain, where the first closure stands for all.
        var isBelow = [Bool](repeating: false, count: tree.groups.count)
        var chains: [Int] = []
        for group in tree.groups.indices {
            if group > 0, isBelow[Int(tree.groups[group].key.parent)] || known.contains(group) {
                isBelow[group] = true
            } else if tree.groups[group].key.kind == NodeKind.closure, weights.depth[group] >= Self.shortestClosureChain, weights.bytes[group] > 0 {
                isBelow[group] = true
                chains.append(group)
            }
        }
        return
            chains
            .sorted { (weights.depth[$1], $0) < (weights.depth[$0], $1) }.prefix(Self.mostClosureChains)
            .map { Accumulation(form: .chain, holder: $0, members: [$0], bytes: weights.bytes[$0], count: weights.count[$0]) }
    }

    private func ancestors(of group: Int) -> [Int] {
        var (line, at) = ([group], group)
        while at != 0 {
            at = Int(tree.groups[at].key.parent)
            line.append(at)
        }
        return line
    }

    /// Which of those that are many belong together: the keys and values of a Map, a list that is linked both ways; not the variables of a context.
    private func sets(_ fans: [Int], under holder: Int) -> [[Int]] {
        let direct = fans.filter { tree.groups[$0].key.retainer == GroupTree.Label.none }
        let kind = tree.groups[holder].key.kind
        if !direct.isEmpty, kind == NodeKind.array || kind == NodeKind.object { return [fans] }
        var lists: [GroupTree.Key: [Int]] = [:]
        var alone: [[Int]] = direct.isEmpty ? [] : [direct]
        for fan in fans where !direct.contains(fan) {
            let key = tree.groups[fan].key
            if key.retainer == key.name {
                lists[GroupTree.Key(parent: 0, label: 0, kind: key.kind, name: key.name), default: []].append(fan)
            } else {
                alone.append([fan])
            }
        }
        return alone + lists.values.sorted { $0[0] < $1[0] }
    }

    private func isFan(_ group: Int, of holder: Int) -> Bool {
        // Where one of them is most of it, that one is looked into.
        weights.bytes[group] > 0 && weights.entered[group] >= max(Self.fewestMembers, Self.fanOut * max(1, weights.count[holder]))
            && tree.groups[group].largestBytes < tree.groups[group].retainedBytes / 2
    }
}
