/// How much of each group counts: all of it in one snapshot, what came since in several.
struct GroupWeights {
    /// By group of the last snapshot; below 0 where it shrank.
    private(set) var bytes: [Int64]
    private(set) var shallowBytes: [Int64]
    private(set) var count: [Int]
    /// Of these, those that do not repeat another one above them.
    private(set) var entered: [Int]
    /// How many times longer a chain got.
    private(set) var depth: [Int]

    init(_ tree: GroupTree) {
        bytes = tree.groups.map { Int64(clamping: $0.retainedBytes) }
        shallowBytes = tree.groups.map { Int64(clamping: $0.shallowBytes) }
        count = tree.groups.map(\.count)
        entered = tree.groups.map(\.entered)
        depth = tree.groups.map { Int($0.depth) }
    }

    /// What a group has more than in the one before, at least in each step; a group that was not there had nothing.
    ///
    /// - Parameter steps: for each earlier snapshot, the oldest first, its tree and, by group of the last, its group.
    init(_ tree: GroupTree, since steps: [(tree: GroupTree, match: [UInt32?])]) {
        self.init(tree)
        let now = self
        for at in tree.groups.indices {
            let before = steps.map { step in step.match[at].map { step.tree.groups[Int($0)] } }
            func grown(_ value: (GroupTree.Group) -> Int64, _ last: Int64) -> Int64 {
                let values = before.map { $0.map(value) ?? 0 } + [last]
                let steps = zip(values.dropFirst(), values).map { $0 - $1 }
                // What came in one step only is noise, or is over: a cache that got full, code that was compiled.
                guard let least = steps.min(), least > 0 else { return min(0, last - values[0]) }
                // A burst counts as four times the slowest step: what came at once is likely to be no leak.
                let all = last - values[0]
                return min(all, least * Int64(4 * steps.count))
            }
            bytes[at] = grown({ Int64(clamping: $0.retainedBytes) }, now.bytes[at])
            shallowBytes[at] = grown({ Int64(clamping: $0.shallowBytes) }, now.shallowBytes[at])
            count[at] = Int(grown({ Int64($0.count) }, Int64(now.count[at])))
            entered[at] = Int(grown({ Int64($0.entered) }, Int64(now.entered[at])))
            depth[at] = Int(grown({ Int64($0.depth) }, Int64(now.depth[at])))
        }
    }
}

extension GroupTree {
    /// The groups of an earlier snapshot by those of this one, both known by names. Cost: 1 µs a group.
    func matches(in earlier: GroupTree, strings: StringTable, earlierStrings: StringTable) -> [UInt32?] {
        var places: [String: UInt32] = [:]
        for group in earlier.groups {
            for name in [group.key.label, group.key.name, group.key.retainer] where name < Label.first {
                places[earlierStrings.text(Int(name))] = name
            }
        }
        var translated: [UInt32: UInt32] = [:]
        func translate(_ name: UInt32) -> UInt32? {
            if name >= Label.first { return name }
            if let known = translated[name] { return known }
            guard let place = places[strings.text(Int(name))] else { return nil }
            translated[name] = place
            return place
        }
        var matches: [UInt32?] = Array(repeating: nil, count: groups.count)
        matches[0] = 0
        for at in groups.indices.dropFirst() {
            let key = groups[at].key
            guard let parent = matches[Int(key.parent)], let label = translate(key.label), let name = translate(key.name),
                let retainer = translate(key.retainer)
            else { continue }
            matches[at] = earlier.index[Key(parent: parent, label: label, kind: key.kind, name: name, retainer: retainer)]
        }
        return matches
    }

    /// What a class has in all, wherever it is held.
    struct ClassTotal {
        var count = 0
        var shallowBytes: UInt64 = 0
    }

    /// By a text that means the same in another snapshot.
    func classTotals(_ strings: StringTable) -> [String: ClassTotal] {
        var totals: [String: ClassTotal] = [:]
        for total in Dictionary(grouping: groups, by: { UInt64($0.key.kind) << 32 | UInt64($0.key.name) }).values {
            guard let first = total.first else { continue }
            totals[className(first.key, strings)] = total.reduce(into: ClassTotal()) {
                $0.count += $1.count
                $0.shallowBytes += $1.shallowBytes
            }
        }
        return totals
    }

    func className(_ key: Key, _ strings: StringTable) -> String { "\(key.kind) \(key.name < Label.first ? strings.text(Int(key.name)) : "")" }
}
