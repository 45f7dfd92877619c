/// The work of `Alignment`: two graphs, and what was found so far.
struct AlignmentSearch {
    let before: NodeHashes, after: NodeHashes
    let later: Column<UInt32>, earlier: Column<UInt32>
    private(set) var matched = 0
    /// Ordinals of the earlier one whose neighbours are to be looked at.
    private var queue: [UInt32] = []
    /// By ordinal of the earlier one: the nearest matched one at or before it, plus one, and at or behind it.
    private let previous: Column<UInt32>, next: Column<UInt32>

    init(_ before: Snapshot, _ after: Snapshot) {
        (self.before, self.after) = (NodeHashes(before), NodeHashes(after))
        (later, earlier) = (Column(before.nodeCount), Column(after.nodeCount))
        (previous, next) = (Column(before.nodeCount), Column(before.nodeCount))
    }

    func free() {
        before.free()
        after.free()
        previous.free()
        next.free()
    }

    mutating func run() {
        take(0, 0)
        anchor()
        findNeighbours()
        queueAll()
        propagate(elements: false)
        findNeighbours()
        for _ in 0..<Self.rounds {
            let known = matched
            // The pairs so far were followed along names only.
            queueAll()
            propagate(elements: true)
            findNeighbours()
            fillGaps()
            propagate(elements: false)
            findNeighbours()
            // Less than one in 1,000 more: it is over.
            if matched &- known <= before.links.nodeCount / 1_000 { break }
        }
    }

    private static let rounds = 8

    private mutating func take(_ a: Int, _ b: Int) {
        guard later.pointer[a] == 0, earlier.pointer[b] == 0 else { return }
        later.pointer[a] = UInt32(truncatingIfNeeded: b &+ 1)
        earlier.pointer[b] = UInt32(truncatingIfNeeded: a &+ 1)
        matched &+= 1
        queue.append(UInt32(truncatingIfNeeded: a))
    }

    // MARK: - What is unique

    private mutating func anchor() {
        let (one, other) = (before.finer(before.own), after.finer(after.own))
        let (two, another) = (before.finer(one), after.finer(other))
        takeUnique(two, another)
        two.free()
        another.free()
        takeUnique(one, other)
        one.free()
        other.free()
        takeUnique(before.own, after.own)
    }

    private mutating func takeUnique(_ ofBefore: Column<UInt64>, _ ofAfter: Column<UInt64>) {
        UniqueHashes.forEachPair(
            (ofBefore, ofAfter), taken: (later, earlier), counts: (before.links.nodeCount, after.links.nodeCount)
        ) { a, b in
            if before.own.pointer[a] == after.own.pointer[b] { take(a, b) }
        }
    }

    // MARK: - Along edges

    /// All that have a partner, in the order of the heap: what lies together there is looked at together.
    private mutating func queueAll() {
        queue.removeAll(keepingCapacity: true)
        for node in 0..<before.links.nodeCount where later.pointer[node] != 0 { queue.append(UInt32(truncatingIfNeeded: node)) }
    }

    private mutating func propagate(elements: Bool) {
        while let top = queue.popLast() {
            let a = Int(top)
            if isDone(a) { continue }
            let b = Int(later.pointer[a]) - 1
            let isList = before.links.edges(a).count > Self.edgesLookedAt
            forEachPair(a, b, elements: elements) { search, isElement, x, y in
                guard search.later.pointer[x] == 0, search.earlier.pointer[y] == 0, search.before.own.pointer[x] == search.after.own.pointer[y],
                    search.isPlausible(x, y, placeCounts: isElement && isList)
                else { return }
                search.take(x, y)
            }
            // Up: a node that only one object leads to belongs to that object.
            let (p, q) = (Int(before.onlyRetainer.pointer[a]) - 1, Int(after.onlyRetainer.pointer[b]) - 1)
            if p >= 0, q >= 0, later.pointer[p] == 0, earlier.pointer[q] == 0, before.own.pointer[p] == after.own.pointer[q],
                isPlausible(p, q, placeCounts: true)
            {
                take(p, q)
            }
        }
    }

    /// Whether all around it are taken: seen without a look at its partner, which lies elsewhere in memory.
    private func isDone(_ a: Int) -> Bool {
        let retainer = Int(before.onlyRetainer.pointer[a]) - 1
        if retainer >= 0, later.pointer[retainer] == 0 { return false }
        return before.links.edges(a).allSatisfy { later.pointer[Int(before.links.target[$0])] != 0 }
    }

    /// Targets of the edges that have the same name in both.
    private mutating func forEachPair(_ a: Int, _ b: Int, elements: Bool, _ body: (inout AlignmentSearch, _ isElement: Bool, Int, Int) -> Void) {
        let (mine, its) = (before.links.edges(a), after.links.edges(b))
        var index: [UInt64: Int]?
        var shift = its.lowerBound - mine.lowerBound
        for edge in mine where !before.links.isWeak(edge) {
            let key = before.key(edge)
            if before.isNumber(key), !elements { continue }
            var other = edge &+ shift
            if !its.contains(other) || after.key(other) != key {
                if its.count <= 16 {
                    guard let found = its.first(where: { after.key($0) == key }) else { continue }
                    other = found
                } else {
                    if index == nil { index = Dictionary(its.map { (after.key($0), $0) }, uniquingKeysWith: { first, _ in first }) }
                    guard let found = index?[key] else { continue }
                    other = found
                }
                shift = other &- edge
            }
            body(&self, before.isNumber(key), Int(before.links.target[edge]), Int(after.links.target[other]))
        }
    }

    /// Whether the two can be one object: what they hold is the same as far as that is known, and what only these two lead to lies among the same
    /// neighbours. Nothing speaks against a pair that has nothing of its own.
    ///
    /// - Parameter placeCounts: for what was found by its number in a long list, where others may stand now; a property's value moves with its object.
    private func isPlausible(_ x: Int, _ y: Int, placeCounts: Bool) -> Bool {
        let (mine, its) = (before.links.edges(x), after.links.edges(y))
        let shift = its.lowerBound - mine.lowerBound
        var (same, different, inPlace, outOfPlace) = (0, 0, 0, 0)
        for edge in mine.prefix(Self.edgesLookedAt) where its.contains(edge &+ shift) && !before.links.isWeak(edge) {
            let key = before.key(edge)
            guard key == after.key(edge &+ shift) else { continue }
            let (child, other) = (Int(before.links.target[edge]), Int(after.links.target[edge &+ shift]))
            let areOwn = before.onlyRetainer.pointer[child] == x &+ 1 && after.onlyRetainer.pointer[other] == y &+ 1
            if later.pointer[child] == other &+ 1 {
                if areOwn { same &+= 1 }
            } else if later.pointer[child] != 0 || earlier.pointer[other] != 0 || before.own.pointer[child] != after.own.pointer[other] {
                // A backing store that grew says nothing.
                if before.links.kind[child] != NodeKind.array { different &+= 1 }
            } else if placeCounts, areOwn, inPlace &+ outOfPlace == 0 {
                if isInPlace(child, other) { inPlace = 1 } else { outOfPlace = 1 }
            }
        }
        return different <= same && outOfPlace <= same
    }

    /// Of a large object the first ones tell enough.
    private static let edgesLookedAt = 16

    /// Between the partners of the nodes around it, or about as far from one of them.
    private func isInPlace(_ x: Int, _ y: Int) -> Bool {
        let (left, right) = (Int(previous.pointer[x]) - 1, Int(next.pointer[x]) - 1)
        let before = left >= 0 ? Int(later.pointer[left]) - 1 : -1
        let behind = right >= 0 ? Int(later.pointer[right]) - 1 : after.links.nodeCount
        if left >= 0, isAbout(y &- before, x &- left) { return true }
        if right >= 0, isAbout(behind &- y, right &- x) { return true }
        return before < y && y < behind && behind &- before <= 4 &* (right &- left) &+ 16
    }

    /// A few nodes may have come or gone in between.
    private func isAbout(_ a: Int, _ b: Int) -> Bool { a > 0 && abs(a &- b) <= min(8, b) }

    private func findNeighbours() {
        var last: UInt32 = 0
        for node in 0..<before.links.nodeCount {
            if later.pointer[node] != 0 { last = UInt32(truncatingIfNeeded: node &+ 1) }
            previous.pointer[node] = last
        }
        last = 0
        for node in stride(from: before.links.nodeCount - 1, through: 0, by: -1) {
            if later.pointer[node] != 0 { last = UInt32(truncatingIfNeeded: node &+ 1) }
            next.pointer[node] = last
        }
    }

    // MARK: - Along the heap

    /// Longest gap that is compared as a whole; longer ones are left.
    private static let longestGap = 200

    private mutating func fillGaps() {
        var lengths = [UInt8](repeating: 0, count: (Self.longestGap + 1) * (Self.longestGap + 1))
        var left = 0
        while left < before.links.nodeCount {
            guard later.pointer[left] != 0 else {
                left += 1
                continue
            }
            var right = left + 1
            while right < before.links.nodeCount, later.pointer[right] == 0 { right += 1 }
            if right > left + 1 {
                let start = Int(later.pointer[left])
                var end = start
                while end < after.links.nodeCount, earlier.pointer[end] == 0, end - start <= 4 * (right - left) + Self.longestGap { end += 1 }
                // The gap in the later one must end at the partner of the node that ends this one, or objects came or went from elsewhere.
                let isClosed = end < after.links.nodeCount && right < before.links.nodeCount && Int(later.pointer[right]) == end + 1
                if end > start { fill(left + 1..<right, start..<end, isClosed: isClosed, &lengths) }
            }
            left = right
        }
    }

    /// What makes two nodes of a gap the same: what they are and lead to, and the object that alone leads to them.
    private func symbol(_ node: Int, _ of: NodeHashes, isEarlier: Bool) -> UInt64 {
        var hash = of.own.pointer[node]
        for edge in of.links.edges(node).prefix(Self.edgesLookedAt) where !of.links.isWeak(edge) {
            hash = mix(hash &+ of.key(edge), of.own.pointer[Int(of.links.target[edge])])
        }
        let retainer = Int(of.onlyRetainer.pointer[node]) - 1
        guard retainer >= 0 else { return hash }
        // By its ordinal in the later one; one that is not known can be no known one.
        let known = isEarlier ? Int(later.pointer[retainer]) : earlier.pointer[retainer] != 0 ? retainer + 1 : 0
        return mix(hash, known == 0 ? of.own.pointer[retainer] : UInt64(known))
    }

    private mutating func fill(_ mine: Range<Int>, _ its: Range<Int>, isClosed: Bool, _ lengths: inout [UInt8]) {
        guard mine.count <= Self.longestGap, its.count <= Self.longestGap else { return }
        let first = mine.map { symbol($0, before, isEarlier: true) }, second = its.map { symbol($0, after, isEarlier: false) }
        var (a, b) = (first[...], second[...])
        func pair(_ row: Int, _ column: Int) { pairs.append((mine.lowerBound + row, its.lowerBound + column)) }
        var pairs: [(Int, Int)] = []
        while let x = a.first, x == b.first {
            pair(a.startIndex, b.startIndex)
            (a, b) = (a.dropFirst(), b.dropFirst())
        }
        while isClosed, let x = a.last, x == b.last {
            pair(a.endIndex - 1, b.endIndex - 1)
            (a, b) = (a.dropLast(), b.dropLast())
        }
        if isClosed, !a.isEmpty, !b.isEmpty { for (row, column) in Self.longestCommon(a, b, &lengths) { pair(row, column) } }
        for (x, y) in pairs where before.own.pointer[x] == after.own.pointer[y] && isPlausible(x, y, placeCounts: true) { take(x, y) }
    }

    /// Places of a longest common subsequence.
    private static func longestCommon(_ a: ArraySlice<UInt64>, _ b: ArraySlice<UInt64>, _ lengths: inout [UInt8]) -> [(Int, Int)] {
        let width = b.count + 1
        let (rows, columns) = (a.startIndex, b.startIndex)
        for row in 0...a.count { lengths[row * width + b.count] = 0 }
        for column in 0...b.count { lengths[a.count * width + column] = 0 }
        for row in (0..<a.count).reversed() {
            for column in (0..<b.count).reversed() {
                lengths[row * width + column] =
                    a[rows + row] == b[columns + column]
                    ? lengths[(row + 1) * width + column + 1] + 1 : max(lengths[(row + 1) * width + column], lengths[row * width + column + 1])
            }
        }
        var (row, column, found): (Int, Int, [(Int, Int)]) = (0, 0, [])
        while row < a.count, column < b.count {
            if a[rows + row] == b[columns + column] {
                found.append((rows + row, columns + column))
                (row, column) = (row + 1, column + 1)
            } else if lengths[(row + 1) * width + column] >= lengths[row * width + column + 1] {
                row += 1
            } else {
                column += 1
            }
        }
        return found
    }

    // MARK: - How well it went

    mutating func agreement() -> Double {
        var (same, all) = (0, 0)
        for a in 0..<before.links.nodeCount where later.pointer[a] != 0 {
            forEachPair(a, Int(later.pointer[a]) - 1, elements: false) { search, _, x, y in
                guard search.later.pointer[x] != 0, search.earlier.pointer[y] != 0 else { return }
                all += 1
                if Int(search.later.pointer[x]) == y + 1 { same += 1 }
            }
        }
        return all == 0 ? 0 : Double(same) / Double(all)
    }

    /// Nodes without a partner that could be each other's.
    func unclear() -> Int {
        let mine = (0..<before.links.nodeCount).filter { later.pointer[$0] == 0 }.map { before.own.pointer[$0] }.sorted()
        let its = (0..<after.links.nodeCount).filter { earlier.pointer[$0] == 0 }.map { after.own.pointer[$0] }.sorted()
        var (a, b, both) = (0, 0, 0)
        while a < mine.count, b < its.count {
            if mine[a] == its[b] { both += 1 }
            (a, b) = (a + (mine[a] <= its[b] ? 1 : 0), b + (its[b] <= mine[a] ? 1 : 0))
        }
        return both
    }
}
