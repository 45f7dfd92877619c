/// The tree of immediate dominators: who has to go for a node to go.
///
/// Semi-NCA (Georgiadis, Linear-Time Algorithms for Dominators and Related Problems, 2005, 2.3), in the numbers of a depth-first search, so that its
/// arrays are walked nearly in order. The tree is unique: DevTools' Lengauer-Tarjan gives the same one.
struct Dominators {
    /// By ordinal, an ordinal; the root's is the root.
    let dominator: Column<UInt32>
    /// Ordinals in the order of the search: a dominator comes before what it dominates.
    let order: Column<UInt32>

    /// Of a node while it is searched; its memory is then that of the links, and of the jumps.
    private struct State {
        /// One more than the number; 0: not seen yet.
        var place: UInt32
        /// Essential edges to it that the search did not follow.
        var others: UInt32
    }

    private struct Link {
        /// Of the forest that is built from the last number to the first, with its paths compressed.
        var ancestor: UInt32
        /// The smallest semi-dominator on the path to it.
        var label: UInt32
    }

    private struct Jump {
        /// An ancestor further up, as far as depths allow for logarithmic ways (Myers, An applicative random-access stack, 1983).
        var target: UInt32
        var depth: UInt32
    }

    /// What no essential edge leads to hangs under the root, and so does, one by one, what only cycles of its own lead to.
    ///
    /// Memory: 16 bytes a node and 4 an edge beside the result, of 8. An array is used for what comes after it, as far as that fits: the kernel
    /// clears each page that is new.
    init(_ links: Links, essential: Column<UInt64>) {
        let count = links.nodeCount
        dominator = Column(count)
        order = Column(count)
        let stateColumn = Column<State>(count), parentColumn = Column<UInt32>(count), cursorColumn = Column<UInt32>(count + 1)
        defer {
            stateColumn.free()
            parentColumn.free()
            cursorColumn.free()
        }
        let state = stateColumn.pointer, parent = parentColumn.pointer, cursor = cursorColumn.pointer, vertex = order.pointer
        Dominators.search(links, UnsafePointer(essential.pointer), state, parent, cursor, vertex, scratch: dominator.pointer)

        let from = Dominators.predecessors(links, UnsafePointer(essential.pointer), state, parent, vertex, start: cursor)
        Dominators.findSemidominators(count, parent, from, start: cursor, UnsafeMutableRawPointer(state), path: dominator.pointer)
        from.free()
        Dominators.climb(count, parent, semi: cursor, vertex, UnsafeMutableRawPointer(state), into: dominator.pointer)
    }

    /// Depth first, over all nodes. The cursor of a node is where it goes on.
    private static func search(
        _ links: Links, _ essential: UnsafePointer<UInt64>, _ state: UnsafeMutablePointer<State>, _ parent: UnsafeMutablePointer<UInt32>,
        _ cursor: UnsafeMutablePointer<UInt32>, _ vertex: UnsafeMutablePointer<UInt32>, scratch: UnsafeMutablePointer<UInt32>
    ) {
        let count = links.nodeCount
        var seen = 0
        @inline(__always) func enter(_ node: Int) {
            vertex[seen] = UInt32(truncatingIfNeeded: node)
            seen &+= 1
            state[node].place = UInt32(truncatingIfNeeded: seen)
            cursor[node] = links.firstEdge[node]
        }
        func search(from start: Int) {
            var node = start
            enter(node)
            while true {
                let end = links.firstEdge[node &+ 1]
                var edge = cursor[node]
                var child = -1
                while edge < end {
                    let at = Int(edge)
                    edge &+= 1
                    guard isSet(essential, at) else { continue }
                    let target = Int(links.target[at])
                    if state[target].place == 0 {
                        child = target
                        break
                    }
                    state[target].others &+= 1
                }
                cursor[node] = edge
                if child >= 0 {
                    parent[seen] = state[node].place &- 1
                    enter(child)
                    node = child
                } else {
                    if node == start { return }
                    node = Int(vertex[Int(parent[Int(state[node].place &- 1)])])
                }
            }
        }
        search(from: 0)
        if seen == count { return }
        // Their parent is the root: parent is 0 already.
        for node in 0..<count where state[node].place == 0 {
            for edge in links.edges(node) where isSet(essential, edge) { scratch[Int(links.target[edge])] = 1 }
        }
        for node in 0..<count where state[node].place == 0 && scratch[node] == 0 { search(from: node) }
        for node in 0..<count where state[node].place == 0 {
            enter(node)
            for edge in links.edges(node) where isSet(essential, edge) { state[Int(links.target[edge])].others &+= 1 }
        }
    }

    @inline(__always) private static func isSet(_ bits: UnsafePointer<UInt64>, _ at: Int) -> Bool {
        bits[at >> 6] >> UInt64(truncatingIfNeeded: at & 63) & 1 != 0
    }

    /// Where essential edges come from, in the places of the search; a node's parent in it is left out.
    ///
    /// - Parameter start: of each number, and one more; those of w end at a 0 or at start[w + 1].
    private static func predecessors(
        _ links: Links, _ essential: UnsafePointer<UInt64>, _ state: UnsafePointer<State>, _ parent: UnsafePointer<UInt32>,
        _ vertex: UnsafePointer<UInt32>, start: UnsafeMutablePointer<UInt32>
    ) -> Column<UInt32> {
        let count = links.nodeCount
        // Where each one's part ends; filled from there down, so that it becomes the start.
        var sum: UInt32 = 0
        for w in 0..<count {
            sum &+= state[Int(vertex[w])].others
            start[w] = sum
        }
        start[count] = sum
        let from = Column<UInt32>(Int(sum))
        let all = from.pointer
        for w in 0..<count {
            for edge in links.edges(Int(vertex[w])) where isSet(essential, edge) {
                let child = Int(state[Int(links.target[edge])].place &- 1)
                if parent[child] == w || child == 0 { continue }
                start[child] &-= 1
                all[Int(start[child])] = UInt32(truncatingIfNeeded: w &+ 1)
            }
        }
        return from
    }

    /// - Parameters:
    ///   - start: becomes the semi-dominators.
    ///   - memory: 8 bytes a node, of any content.
    private static func findSemidominators(
        _ count: Int, _ parent: UnsafePointer<UInt32>, _ predecessors: Column<UInt32>, start: UnsafeMutablePointer<UInt32>,
        _ memory: UnsafeMutableRawPointer, path: UnsafeMutablePointer<UInt32>
    ) {
        let link = memory.bindMemory(to: Link.self, capacity: count)
        for w in 0..<count { link[w] = Link(ancestor: parent[w], label: UInt32(truncatingIfNeeded: w)) }
        let from = UnsafePointer(predecessors.pointer)
        var end = Int(start[count])
        var w = count - 1
        while w > 0 {
            // A node's parent is one of its predecessors.
            var best = parent[w]
            var at = Int(start[w])
            let first = at
            while at < end, from[at] != 0 {
                let v = from[at] &- 1
                at &+= 1
                best = min(best, v <= w ? v : evaluate(Int(v), linked: UInt32(truncatingIfNeeded: w &+ 1), link, path))
            }
            end = first
            start[w] = best
            link[w].label = best
            w &-= 1
        }
    }

    /// From semi-dominators to dominators: up the tree as it is so far, to the first that is not behind the semi-dominator. One by one that is quadratic
    /// for a long list whose elements' values are held elsewhere too.
    ///
    /// - Parameters:
    ///   - parent: becomes the dominators, as numbers.
    ///   - memory: 8 bytes a node, of any content.
    private static func climb(
        _ count: Int, _ parent: UnsafeMutablePointer<UInt32>, semi: UnsafePointer<UInt32>, _ vertex: UnsafePointer<UInt32>,
        _ memory: UnsafeMutableRawPointer, into dominator: UnsafeMutablePointer<UInt32>
    ) {
        let jump = memory.bindMemory(to: Jump.self, capacity: count)
        jump[0] = Jump(target: 0, depth: 0)
        for w in 1..<max(1, count) {
            var candidate = Int(parent[w])
            while candidate > semi[w] {
                let target = jump[candidate].target
                candidate = Int(target > semi[w] ? target : parent[candidate])
            }
            let above = jump[candidate], further = jump[Int(above.target)]
            let isEven = above.depth &- further.depth == further.depth &- jump[Int(further.target)].depth
            jump[w] = Jump(target: isEven ? further.target : UInt32(truncatingIfNeeded: candidate), depth: above.depth &+ 1)
            parent[w] = UInt32(truncatingIfNeeded: candidate)
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
