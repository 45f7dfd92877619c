/// A shortest way from the root to a node, along references that keep it.
struct HoldingPath {
    /// Behind the root, which is none of them; each with the edge that leads to it.
    let steps: [(edge: Int, node: Int)]

    /// Longer than any real chain; a path may have as many steps as a list has links.
    private static let longest = 1 << 20

    init(to node: Int, _ holding: HoldingEdges, _ links: Links, lookingThrough cell: UInt32) {
        var steps: [(edge: Int, node: Int)] = []
        var at = node
        while holding.fromNearer[at] > 0, steps.count < Self.longest {
            let edge = Int(holding.fromNearer[at]) - 1
            if links.name[at] == cell, !steps.isEmpty { steps[steps.count - 1].edge = edge } else { steps.append((edge, at)) }
            at = links.source(of: edge)
        }
        // The user root itself: the root's edge to it is not one step nearer, as the root is far away.
        if at != 0 { steps.append((-1, at)) }
        self.steps = steps.reversed()
    }

    /// The index of the last step before `end` by which a program names something: a variable or a property.
    func named(before end: Int, _ links: Links) -> Int? {
        steps[..<end].lastIndex { $0.edge >= 0 && [EdgeKind.context, EdgeKind.property].contains(links.edgeKind($0.edge)) }
    }

    /// For people: what repeats three times or more is there once.
    func folded(_ facts: NodeFacts) -> [SuspectStep] {
        let links = facts.links
        struct Key: Hashable {
            var label: UInt32
            var kind: UInt8
            var name: UInt32
        }
        let keys = steps.map { step in
            let label = step.edge < 0 ? .max : links.edgeKind(step.edge) == EdgeKind.element ? .max - 1 : links.label[step.edge]
            return Key(label: label, kind: links.kind[step.node], name: links.name[step.node])
        }
        var (folded, at): ([SuspectStep], Int) = ([], 0)
        while at < steps.count, folded.count < Self.mostSteps {
            var (period, repeats) = (1, 1)
            for candidate in 1...Self.longestPeriod where at + 3 * candidate <= keys.count {
                var same = 0
                while at + same + candidate < keys.count, keys[at + same] == keys[at + same + candidate] { same += 1 }
                if same / candidate >= 2 {
                    (period, repeats) = (candidate, same / candidate + 1)
                    break
                }
            }
            for offset in 0..<period {
                let step = steps[at + offset]
                let edge = step.edge < 0 ? "" : facts.edgeName(step.edge)
                folded.append(
                    SuspectStep(
                        edge: edge, className: facts.className(step.node), repeats: offset == 0 ? repeats : 1, period: offset == 0 ? period : 1))
            }
            at += period * repeats
        }
        return folded
    }

    private static let longestPeriod = 8
    private static let mostSteps = 64
}
