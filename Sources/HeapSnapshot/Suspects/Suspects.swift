extension SnapshotGraph {
    /// What leaked, the surest and largest first; empty where nothing does.
    ///
    /// From one snapshot: where much is held at one place; Node's own structures are left out. From several of one program, the oldest first: what came
    /// in every step from one to the next; the rest is noise, whatever its size.
    /// Cost: 0.12 µs a node of each snapshot, then some milliseconds; 28 bytes a node while it works, and 42 MB at most for the groups of each.
    ///
    /// - Parameters:
    ///   - graphs: one or more.
    ///   - comparableIds: all are of one process, and object ids mean the same in them (contract 33): says how many of the first members are still there.
    ///   - limit: at most so many.
    public static func suspects(in graphs: [SnapshotGraph], comparableIds: Bool = false, limit: Int = 10) -> [Suspect] {
        guard let last = graphs.last else { return [] }
        let holding = HoldingEdges(last)
        defer { holding.free() }
        let tree = GroupTree(last, holding)
        let steps = graphs.dropLast().map { graph in
            let itsHolding = HoldingEdges(graph)
            defer { itsHolding.free() }
            let its = GroupTree(graph, itsHolding)
            return (tree: its, match: tree.matches(in: its, strings: last.snapshot.strings, earlierStrings: graph.snapshot.strings))
        }
        let search = SuspectSearch(graphs: graphs, holding: holding, tree: tree, steps: steps, comparableIds: comparableIds)
        return Array(search.suspects().prefix(max(0, limit)))
    }
}

/// Makes suspects of accumulations.
struct SuspectSearch {
    let graphs: [SnapshotGraph]
    let holding: HoldingEdges
    let tree: GroupTree
    let steps: [(tree: GroupTree, match: [UInt32?])]
    let comparableIds: Bool

    /// Twice what the largest place of Node's own holds, the Map of its modules: 0.39 MB in Node 22, 0.49 in 26.
    private static let leastBytes: UInt64 = 800_000
    /// More than what a warm program that does not leak was seen to grow by in one place: 78 kB (Node 22, code, an AsyncLocalStorage in use).
    private static let leastGrowth: UInt64 = 100_000
    /// As many accumulations are looked at closely.
    private static let mostCandidates = 40

    func suspects() -> [Suspect] {
        let graph = graphs[graphs.count - 1]
        let weights = steps.isEmpty ? GroupWeights(tree) : GroupWeights(tree, since: steps)
        // 1 % of the first heap, 5 % of a single one.
        let threshold = steps.isEmpty ? max(Self.leastBytes, graph.totalBytes / 20) : max(Self.leastGrowth, graphs[0].totalBytes / 100)
        let classification = Classification(tree: tree, weights: weights, facts: NodeFacts(graph))
        let chains = steps.isEmpty ? max(Self.leastGrowth, graph.totalBytes / 100) : threshold
        let found = AccumulationSearch(tree: tree, weights: weights, threshold: Int64(clamping: threshold), chainThreshold: Int64(clamping: chains))
            .find().prefix(Self.mostCandidates)
        let totals = steps.isEmpty ? [] : zip(steps.map(\.tree) + [tree], graphs).map { $0.classTotals($1.snapshot.strings) }
        var suspects = found.filter { steps.isEmpty || hasGrown($0, totals, threshold: threshold) }.compactMap { suspect($0, classification) }
        if !suspects.contains(where: { $0.kind == .duplicatedStrings }), let strings = duplicates(threshold, classification.facts) {
            suspects.append(strings)
        }
        // What one place holds is said once: the strings of its entries, its table, go with it.
        var places: Set<[String]> = []
        return suspects.sorted { weight($1) < weight($0) }.filter { suspect in
            guard let holder = suspect.holder else { return true }
            let way = suspect.path.prefix { $0.edge != holder }.map { "\($0.edge) \($0.className)" }
            return suspect.path.count == way.count || places.insert(way + [holder]).inserted
        }
    }

    private func weight(_ suspect: Suspect) -> Double {
        suspect.confidence * suspect.confidence * Double(suspect.growth.map { UInt64(clamping: $0.bytes) } ?? suspect.bytes)
    }

    /// What is held in another way than before is a new group, and not growth: the class must have more of it in all, too. A link of a chain is often a
    /// plain object, of which there are many others: there the functions that it holds speak for it.
    private func hasGrown(_ found: Accumulation, _ totals: [[String: GroupTree.ClassTotal]], threshold: UInt64) -> Bool {
        let member = found.members[0]
        let children = found.form == .chain ? tree.groups[member].children.map { Int($0) } : []
        let functions = children.filter { tree.groups[$0].key.kind == NodeKind.closure }
        return ([member] + functions).contains { group in
            let name = tree.className(tree.groups[group].key, graphs[graphs.count - 1].snapshot.strings)
            let values = totals.map { $0[name] ?? GroupTree.ClassTotal() }
            let grown = zip(values.dropFirst(), values).map { step in
                found.form == .single
                    ? Int64(clamping: step.0.shallowBytes) - Int64(clamping: step.1.shallowBytes) : Int64(step.0.count - step.1.count)
            }
            guard let least = grown.min(), least > 0 else { return false }
            return 2 * grown.reduce(0, +) >= (found.form == .single ? Int64(clamping: threshold) : Int64(found.count))
        }
    }

    private func suspect(_ found: Accumulation, _ classification: Classification) -> Suspect? {
        let facts = classification.facts
        let member = tree.groups[found.members[0]]
        let sample = Int(found.form == .chain ? member.deepest : member.nearest)
        let path = HoldingPath(to: sample, holding, facts.links, lookingThrough: facts.graph.contextCell)
        guard !classification.isBookkeeping(found) else { return nil }
        let content = classification.content(found.members)
        let kind = classification.kind(found, content, path: path)
        if steps.isEmpty, classification.isInternal(found, kind, path: path, sample: sample) { return nil }

        let bytes = found.members.reduce(0) { $0 + tree.groups[$1].retainedBytes }
        let share = graphs[graphs.count - 1].totalBytes > 0 ? min(1, Double(bytes) / Double(graphs[graphs.count - 1].totalBytes)) : 0
        var growth: Suspect.Growth?
        if !steps.isEmpty {
            growth = Suspect.Growth(
                bytes: found.bytes, count: found.form == .chain ? classification.weights.depth[found.holder] : found.count, steps: steps.count,
                survivors: comparableIds ? survivors(found).now : nil)
        }
        let about = SuspectDetails(found: found, kind: kind, sample: sample, path: path, content: content, classification: classification)
        let count = found.form == .chain ? Int(member.depth) + 1 : tree.alike(found.members).reduce(0) { $0 + tree.groups[$1].count }
        let wording = SuspectWording(
            kind: kind, count: count, bytes: bytes, share: share, growth: growth, className: about.className,
            holder: about.holderText, detail: about.detail, secondDetail: about.secondDetail)
        return Suspect(
            kind: kind, sentence: wording.sentence, bytes: bytes, share: share, count: count, growth: growth, className: about.className,
            holder: about.holder, holderClass: about.holderClass, path: path.folded(facts), places: about.places,
            confidence: confidence(kind, found, share: share, growth: growth))
    }

    /// A judgement, not a measurement: how it looks, how much of the heap it is, whether it grew each time.
    private func confidence(_ kind: Suspect.Kind, _ found: Accumulation, share: Double, growth: Suspect.Growth?) -> Double {
        var sure: Double
        switch kind {
        case .chain: sure = 0.7
        // Nobody wants these in thousands.
        case .listeners, .promises, .asyncContext: sure = 0.6
        case .timers, .closures, .contexts: sure = 0.5
        case .collection, .buffers, .duplicatedStrings: sure = 0.4
        case .object: sure = 0.25
        }
        sure += 0.3 * share
        if let growth {
            sure += growth.steps > 1 ? 0.3 : 0.2
            // A cache whose entries change all the time is at work; a leak keeps what it has.
            if comparableIds {
                let (before, now) = survivors(found)
                if before >= 16 { sure += 10 * now >= 9 * before ? 0.1 : 4 * now < before ? -0.3 : 0 }
            }
        }
        return min(0.99, max(0.05, (sure * 100).rounded() / 100))
    }

    /// How many members there were in the first snapshot, and how many of them are in the last one.
    private func survivors(_ found: Accumulation) -> (before: Int, now: Int) {
        let members = tree.alike(found.members).map { UInt32($0) }
        let matches = Set(members.compactMap { steps[0].match[Int($0)] })
        let (first, last) = (graphs[0].snapshot, graphs[graphs.count - 1].snapshot)
        var ids: Set<UInt32> = []
        let before = steps[0].tree.groupOf.pointer
        for node in 0..<first.nodeCount where matches.contains(before[node]) { ids.insert(first.columns.id.pointer[node]) }
        var survivors = 0
        let now = tree.groupOf.pointer
        for node in 0..<last.nodeCount where members.contains(now[node]) && ids.contains(last.columns.id.pointer[node]) { survivors += 1 }
        return (ids.count, survivors)
    }

    /// Strings that are there many times, wherever they are.
    private func duplicates(_ threshold: UInt64, _ facts: NodeFacts) -> Suspect? {
        let graph = graphs[graphs.count - 1]
        let strings = StringWaste(graph)
        guard let worst = strings.worst, strings.wastedBytes >= threshold else { return nil }
        var growth: Suspect.Growth?
        if !steps.isEmpty {
            let wasted = graphs.dropLast().map { StringWaste($0).wastedBytes } + [strings.wastedBytes]
            let grown = zip(wasted.dropFirst(), wasted).map { Int64(clamping: $0) - Int64(clamping: $1) }
            let all = grown.reduce(0, +)
            // A tenth of what came in all; less is told by whatever holds them.
            let allGrowth = Int64(clamping: graph.totalBytes) - Int64(clamping: graphs[0].totalBytes)
            guard all >= max(Int64(clamping: threshold), allGrowth / 10), let least = grown.min(), least > 0 else { return nil }
            growth = Suspect.Growth(bytes: all, count: 0, steps: steps.count)
        }
        let path = HoldingPath(to: worst, holding, facts.links, lookingThrough: graph.contextCell)
        let share = Double(strings.wastedBytes) / Double(max(1, graph.totalBytes))
        let wording = SuspectWording(
            kind: .duplicatedStrings, count: strings.count, bytes: strings.wastedBytes, share: share, growth: growth, className: "(string)",
            holder: nil,
            detail: "\(strings.texts) texts, and copies of them")
        return Suspect(
            kind: .duplicatedStrings, sentence: wording.sentence, bytes: strings.wastedBytes, share: share, count: strings.count, growth: growth,
            className: "(string)", path: path.folded(facts), places: [], confidence: growth == nil ? 0.3 : 0.5)
    }
}
