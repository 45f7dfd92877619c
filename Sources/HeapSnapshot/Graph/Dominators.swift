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
        let incoming = Column<UInt32>(count + 1)
        defer {
            numberColumn.free()
            parentColumn.free()
            incoming.free()
        }
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
        Dominators.compute(links, bits: bits, incoming: incoming, number: number, parent: parent, vertex: vertex, into: dominator.pointer)
    }

    private static func compute(
        _ links: Links, bits: UnsafePointer<UInt64>, incoming: Column<UInt32>, number: UnsafePointer<UInt32>, parent: UnsafePointer<UInt32>,
        vertex: UnsafePointer<UInt32>, into dominator: UnsafeMutablePointer<UInt32>
    ) {
        let count = links.nodeCount
        @inline(__always) func isEssential(_ edge: Int) -> Bool { bits[edge >> 6] >> UInt64(truncatingIfNeeded: edge & 63) & 1 != 0 }

        // Predecessors other than the parent, by number: [start[w], end[w]).
        let startColumn = Column<UInt32>(count + 1), endColumn = Column<UInt32>(count)
        let start = startColumn.pointer, end = endColumn.pointer
        var sum: UInt32 = 0
        for w in 0..<count {
            start[w] = sum
            end[w] = sum
            sum &+= incoming.pointer[Int(vertex[w])]
        }
        start[count] = sum
        let predecessorColumn = Column<UInt32>(Int(sum))
        let predecessors = predecessorColumn.pointer
        for w in 0..<count {
            for edge in links.edges(Int(vertex[w])) where isEssential(edge) {
                let child = Int(number[Int(links.target[edge])])
                if parent[child] == w || child == 0 { continue }
                predecessors[Int(end[child])] = UInt32(truncatingIfNeeded: w)
                end[child] &+= 1
            }
        }

        let linkColumn = Column<Link>(count), semiColumn = Column<UInt32>(count)
        let link = linkColumn.pointer, semi = semiColumn.pointer
        for w in 0..<count { link[w] = Link(ancestor: parent[w], label: UInt32(truncatingIfNeeded: w)) }
        let pathColumn = Column<UInt32>(count)
        let path = pathColumn.pointer
        var w = count - 1
        while w > 0 {
            // A node's parent is one of its predecessors.
            var best = parent[w]
            for at in Int(start[w])..<Int(end[w]) {
                let v = predecessors[at]
                if v <= w {
                    if v < best { best = v }
                    continue
                }
                best = min(best, evaluate(Int(v), linked: UInt32(truncatingIfNeeded: w &+ 1), link, path))
            }
            semi[w] = best
            link[w].label = best
            w &-= 1
        }
        predecessorColumn.free()
        startColumn.free()
        endColumn.free()
        linkColumn.free()
        pathColumn.free()

        // From semi-dominators to dominators: up the tree as it is so far.
        let immediateColumn = Column<UInt32>(count)
        let immediate = immediateColumn.pointer
        for w in 1..<max(1, count) {
            var candidate = parent[w]
            while candidate > semi[w] { candidate = immediate[Int(candidate)] }
            immediate[w] = candidate
            dominator[Int(vertex[w])] = vertex[Int(candidate)]
        }
        dominator[0] = 0
        immediateColumn.free()
        semiColumn.free()
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
