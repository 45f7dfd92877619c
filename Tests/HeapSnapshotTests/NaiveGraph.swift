/// DevTools' definitions, each as plainly as it can be said and at any cost (heapsnapshot-format.md, part 2). Works on what the builder was told, not on
/// what the reader made of it.
struct NaiveGraph {
    private let nodes: [GraphBuilder.Node]
    let userRoots: [Int]
    private let isPageOwned: [Bool]
    /// Targets of the edges that count for dominators.
    private var essential: [[Int]] = []

    init(_ builder: GraphBuilder) {
        nodes = builder.nodes
        let nodes = nodes
        let isDocument = { (node: Int) in nodes[node].kind == "synthetic" && nodes[node].name == "(Document DOM trees)" }
        var user: [Int] = []
        for edge in nodes[0].edges where (nodes[edge.to].kind != "synthetic" || isDocument(edge.to)) && !user.contains(edge.to) {
            user.append(edge.to)
        }
        userRoots = user
        let pages = nodes[0].edges.filter { $0.kind == "shortcut" || $0.kind == "element" && isDocument($0.to) }.map(\.to)
        isPageOwned = NaiveGraph.reached(
            from: pages, without: nil, { node in nodes[node].edges.filter { $0.kind != "weak" }.map(\.to) }, count: nodes.count)
        essential = nodes.indices.map { node in nodes[node].edges.filter { isEssential(node, $0) }.map(\.to) }
    }

    private func isEssential(_ node: Int, _ edge: GraphBuilder.Edge) -> Bool {
        if edge.kind == "weak" || edge.to == node { return false }
        if edge.kind == "internal", case .name(let name) = edge.label, name.hasSuffix(" pair in WeakMap (table @\(nodes[node].id))") { return false }
        if node == 0 { return true }
        return edge.kind != "shortcut" && (!isPageOwned[edge.to] || isPageOwned[node])
    }

    private static func reached(from starts: [Int], without gone: Int?, _ targets: (Int) -> [Int], count: Int) -> [Bool] {
        var isReached = [Bool](repeating: false, count: count)
        var open = starts.filter { $0 != gone }
        for node in open { isReached[node] = true }
        while let node = open.popLast() {
            for child in targets(node) where child != gone && !isReached[child] {
                isReached[child] = true
                open.append(child)
            }
        }
        return isReached
    }

    // MARK: - Dominators

    /// What hangs under the root beside what its own edges lead to.
    private func hanging() -> (searched: [Int], single: [Int]) {
        var isLedTo = [Bool](repeating: false, count: nodes.count)
        for targets in essential { for child in targets { isLedTo[child] = true } }
        var isReached = reached(from: [0])
        let searched = nodes.indices.filter { !isReached[$0] && !isLedTo[$0] }
        isReached = reached(from: [0] + searched)
        return (searched, nodes.indices.filter { !isReached[$0] })
    }

    private func reached(from starts: [Int], without gone: Int? = nil) -> [Bool] {
        NaiveGraph.reached(from: starts, without: gone, { essential[$0] }, count: nodes.count)
    }

    /// d dominates w if w is no longer reached once d is gone; the immediate one is the dominator that all others dominate.
    func dominators() -> [Int] {
        let (searched, single) = hanging()
        let starts = [0] + searched + single
        // dominators[w]: all strict ones, the root aside.
        var all = [[Int]](repeating: [], count: nodes.count)
        for gone in nodes.indices.dropFirst() {
            let still = reached(from: starts, without: gone)
            for node in nodes.indices where node != gone && !still[node] { all[node].append(gone) }
        }
        return nodes.indices.map { node in all[node].max { all[$0].count < all[$1].count } ?? 0 }
    }

    // MARK: - Sizes

    /// Whose a node's memory is: who owns it, as sets that grow until nothing changes.
    func shallowSizes() -> [Int] {
        var sizes = nodes.map(\.size)
        guard !userRoots.isEmpty else { return sizes }
        let isCandidate = nodes.map {
            $0.kind == "hidden" || $0.kind == "array" || $0.kind == "native" && $0.name == "system / ExternalStringData"
        }
        var owners: [Set<Int>] = nodes.indices.map { isCandidate[$0] ? [] : [$0] }
        var hasChanged = true
        while hasChanged {
            hasChanged = false
            for node in nodes.indices {
                for edge in nodes[node].edges where edge.kind != "weak" && isCandidate[edge.to] && !owners[node].isSubset(of: owners[edge.to]) {
                    owners[edge.to].formUnion(owners[node])
                    hasChanged = true
                }
            }
        }
        for node in nodes.indices where isCandidate[node] && owners[node].count == 1 {
            let owner = owners[node].first!
            if owner == 0 || nodes[owner].kind == "synthetic" { continue }
            sizes[owner] += nodes[node].size
            sizes[node] = 0
        }
        return sizes
    }

    func retained(_ sizes: [Int], _ dominators: [Int]) -> [Int] {
        var sums = [Int](repeating: 0, count: nodes.count)
        for node in nodes.indices {
            var above = node
            sums[above] += sizes[node]
            while above != 0 {
                above = dominators[above]
                sums[above] += sizes[node]
            }
        }
        return sums
    }

    // MARK: - Distances

    /// Level by level; the state of the WeakMaps' entries lives through both searches.
    func distances() -> [Int32] {
        var distance = [Int32](repeating: -5, count: nodes.count)
        var halves: Set<String> = []
        func search(_ starts: [Int], _ first: Int32) {
            var (level, next) = (first, starts.filter { distance[$0] == -5 })
            for node in next { distance[node] = first }
            while !next.isEmpty {
                let these = next
                next = []
                level += 1
                for node in these {
                    for edge in nodes[node].edges where distance[edge.to] == -5 && follows(node, edge, &halves) {
                        distance[edge.to] = level
                        next.append(edge.to)
                    }
                }
            }
        }
        search(userRoots, 1)
        if distance[0] == -5 { search([0], userRoots.isEmpty ? 0 : 100_000_000) }
        return distance
    }

    private func follows(_ node: Int, _ edge: GraphBuilder.Edge, _ halves: inout Set<String>) -> Bool {
        if edge.kind == "weak" { return false }
        switch edge.label {
        case .name(let name):
            if nodes[node].kind == "hidden", nodes[node].name == "system / NativeContext", name == "sloppy_function_map" { return false }
            guard edge.kind == "internal", name.contains(" pair in WeakMap ") else { return true }
            let entry = String(name.drop { $0 != "/" })
            if halves.remove(entry) != nil { return true }
            halves.insert(entry)
            return false
        case .number(let number):
            return !(nodes[node].kind == "array" && nodes[node].name == "(map descriptors)" && number >= 2 && number % 3 == 1)
        }
    }
}
