/// The tree of immediate dominators: who has to go for a node to go.
///
/// Semi-NCA (Georgiadis, Linear-Time Algorithms for Dominators and Related Problems, 2005, 2.3), in the numbers of a depth-first search, so that its
/// arrays are walked nearly in order. The tree is unique: DevTools' Lengauer-Tarjan gives the same one.
struct Dominators {
    /// By ordinal, an ordinal; the root's is the root.
    let dominator: Column<UInt32>
    /// Ordinals in the order of the search: a dominator comes before what it dominates.
    let order: Column<UInt32>

    private struct Link {
        /// Of the forest that is built from the last number to the first, with its paths compressed.
        var ancestor: UInt32
        /// The smallest semi-dominator on the path to it.
        var label: UInt32
    }

    /// What no essential edge leads to hangs under the root, and so does, one by one, what only cycles of its own lead to.
    init(_ links: Links, essential: Column<UInt64>) {
        let count = links.nodeCount
        dominator = Column(count)
        order = Column(count)
        let bits = UnsafePointer(essential.pointer)
        let vertex = order.pointer

        let numberColumn = Column<UInt32>(count, repeating: .max), parentColumn = Column<UInt32>(count)
        let incoming = Column<UInt32>(count)
        defer { parentColumn.free() }
        let number = numberColumn.pointer, parent = parentColumn.pointer
        @inline(__always) func isEssential(_ edge: Int) -> Bool { bits[edge >> 6] >> UInt64(truncatingIfNeeded: edge & 63) & 1 != 0 }

        for edge in 0..<links.edgeCount where isEssential(edge) { incoming.pointer[Int(links.target[edge])] &+= 1 }

        // Depth first. The cursor of a node is where it goes on.
        let cursorColumn = Column<UInt32>(count)
        let cursor = cursorColumn.pointer
        var seen = 0
        func search(from start: Int) {
            var node = start
            number[node] = UInt32(truncatingIfNeeded: seen)
            vertex[seen] = UInt32(truncatingIfNeeded: node)
            cursor[node] = links.firstEdge[node]
            seen &+= 1
            while true {
                let end = links.firstEdge[node &+ 1]
                var edge = cursor[node]
                var child = -1
                while edge < end {
                    let at = Int(edge)
                    edge &+= 1
                    if isEssential(at), number[Int(links.target[at])] == .max {
                        child = Int(links.target[at])
                        break
                    }
                }
                cursor[node] = edge
                if child >= 0 {
                    parent[seen] = number[node]
                    number[child] = UInt32(truncatingIfNeeded: seen)
                    vertex[seen] = UInt32(truncatingIfNeeded: child)
                    cursor[child] = links.firstEdge[child]
                    seen &+= 1
                    node = child
                } else {
                    if node == start { return }
                    node = Int(vertex[Int(parent[Int(number[node])])])
                }
            }
        }
        search(from: 0)
        if seen < count { for node in 0..<count where number[node] == .max && incoming[node] == 0 { search(from: node) } }
        // Their parent is the root: parent is 0 already.
        for node in 0..<count where number[node] == .max {
            number[node] = UInt32(seen)
            vertex[seen] = UInt32(node)
            seen += 1
        }
        cursorColumn.free()
        let predecessors = Predecessors(links, essential: bits, incoming: incoming, number: numberColumn, parent: parent, vertex: vertex)
        Dominators.compute(predecessors, count, parent: parent, vertex: vertex, into: dominator.pointer)
    }

    private static func compute(
        _ predecessors: Predecessors, _ count: Int, parent: UnsafePointer<UInt32>, vertex: UnsafePointer<UInt32>,
        into dominator: UnsafeMutablePointer<UInt32>
    ) {
        let linkColumn = Column<Link>(count), semiColumn = Column<UInt32>(count)
        let link = linkColumn.pointer, semi = semiColumn.pointer
        for w in 0..<count { link[w] = Link(ancestor: parent[w], label: UInt32(truncatingIfNeeded: w)) }
        // The result's own memory has no other use yet.
        let path = dominator
        let (from, start) = (predecessors.from.pointer, predecessors.start.pointer)
        var w = count - 1
        while w > 0 {
            // A node's parent is one of its predecessors.
            var best = parent[w]
            var at = Int(start[w])
            let end = Int(start[w &+ 1])
            while at < end, from[at] != 0 {
                let v = from[at] &- 1
                at &+= 1
                best = min(best, v <= w ? v : evaluate(Int(v), linked: UInt32(truncatingIfNeeded: w &+ 1), link, path))
            }
            semi[w] = best
            link[w].label = best
            w &-= 1
        }
        predecessors.free()
        linkColumn.free()
        climb(count, parent: parent, semi: semi, vertex: vertex, into: dominator)
        semiColumn.free()
    }

    private struct Step {
        var dominator: UInt32
        /// An ancestor further up, as far as depths allow for logarithmic ways (Myers, An applicative random-access stack, 1983).
        var jump: UInt32
        var depth: UInt32
    }

    /// From semi-dominators to dominators: up the tree as it is so far, to the first that is not behind the semi-dominator. One by one that is quadratic
    /// for a long list whose elements' values are held elsewhere too.
    private static func climb(
        _ count: Int, parent: UnsafePointer<UInt32>, semi: UnsafePointer<UInt32>, vertex: UnsafePointer<UInt32>,
        into dominator: UnsafeMutablePointer<UInt32>
    ) {
        let stepColumn = Column<Step>(count)
        defer { stepColumn.free() }
        let step = stepColumn.pointer
        for w in 1..<max(1, count) {
            var candidate = Int(parent[w])
            while candidate > semi[w] {
                let at = step[candidate]
                candidate = Int(at.jump > semi[w] ? at.jump : at.dominator)
            }
            let above = step[candidate], further = step[Int(above.jump)]
            let isEven = above.depth &- further.depth == further.depth &- step[Int(further.jump)].depth
            step[w] = Step(
                dominator: UInt32(truncatingIfNeeded: candidate), jump: isEven ? further.jump : UInt32(truncatingIfNeeded: candidate),
                depth: above.depth &+ 1)
            dominator[Int(vertex[w])] = vertex[candidate]
        }
        dominator[0] = 0
    }

    /// The smallest label on the path from `v` to the root of its tree in the forest of numbers from `linked` on; compresses that path.
    @inline(__always)
    private static func evaluate(_ v: Int, linked: UInt32, _ link: UnsafeMutablePointer<Link>, _ path: UnsafeMutablePointer<UInt32>) -> UInt32 {
        if link[v].ancestor < linked { return link[v].label }
        var depth = 0
        var node = v
        repeat {
            path[depth] = UInt32(truncatingIfNeeded: node)
            depth &+= 1
            node = Int(link[node].ancestor)
        } while link[node].ancestor >= linked
        let root = link[node].ancestor
        var label = link[node].label
        while depth > 0 {
            depth &-= 1
            let at = Int(path[depth])
            link[at].ancestor = root
            if label < link[at].label { link[at].label = label } else { label = link[at].label }
        }
        return label
    }
}

/// Where essential edges come from, in the numbers of a search; a node's parent in it is left out.
private struct Predecessors {
    /// One more than a number; those of w begin at start[w] and end at a 0 or at start[w + 1].
    let from: Column<UInt32>
    let start: Column<UInt32>

    /// Frees `incoming` and `number`, which nobody needs afterwards.
    init(
        _ links: Links, essential bits: UnsafePointer<UInt64>, incoming: Column<UInt32>, number: Column<UInt32>, parent: UnsafePointer<UInt32>,
        vertex: UnsafePointer<UInt32>
    ) {
        let count = links.nodeCount
        start = Column(count + 1)
        let place = start.pointer
        // Where each one's part ends; filled from there down, so that it becomes the start.
        var sum: UInt32 = 0
        for w in 0..<count {
            sum &+= incoming.pointer[Int(vertex[w])]
            place[w] = sum
        }
        place[count] = sum
        incoming.free()
        from = Column(Int(sum))
        let (all, numbers) = (from.pointer, number.pointer)
        for w in 0..<count {
            for edge in links.edges(Int(vertex[w])) where bits[edge >> 6] >> UInt64(truncatingIfNeeded: edge & 63) & 1 != 0 {
                let child = Int(numbers[Int(links.target[edge])])
                if parent[child] == w || child == 0 { continue }
                place[child] &-= 1
                all[Int(place[child])] = UInt32(truncatingIfNeeded: w &+ 1)
            }
        }
        number.free()
    }

    func free() {
        from.free()
        start.free()
    }
}
