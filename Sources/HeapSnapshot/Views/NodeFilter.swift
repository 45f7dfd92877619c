/// DevTools' named filters of the Summary view: what would be gone if something were.
public enum NodeFilter: String, Sendable, Hashable, Codable, CaseIterable {
    /// What closures alone keep: all that is not reached without passing a context.
    case objectsRetainedByContexts
    case objectsRetainedByDetachedDomNodes
    case objectsRetainedByConsole
    case objectsRetainedByEventHandlers
    case duplicatedStrings
    /// Reached from several native contexts.
    case sharedNativeContext
    /// Reached from none.
    case noNativeContext
}

extension SnapshotGraph {
    /// DevTools: createNamedFilter. Cost: 25 ns per edge; duplicated strings 100 ns each.
    public func nodes(in filter: NodeFilter) -> NodeSet {
        switch filter {
        case .objectsRetainedByContexts:
            let contexts = ContextNames(snapshot.strings)
            return lost { contexts.contains(self.snapshot.columns.name[$0]) }
        case .objectsRetainedByDetachedDomNodes:
            guard let detachedness else { return NodeSet(nodeCount: snapshot.nodeCount) }
            return lost { detachedness[$0] == Detachedness.detached }
        case .objectsRetainedByConsole:
            let console = Set(
                snapshot.strings.indexes(containing: "DevTools console").filter { snapshot.strings.text($0).hasSuffix(" / DevTools console") })
            guard !console.isEmpty else { return lost { _ in false } }
            let columns = snapshot.columns
            return lost(edge: { node, edge in
                let kind = columns.edgeKind(edge)
                return columns.kind[node] == NodeKind.synthetic && kind != EdgeKind.element && kind != EdgeKind.hidden
                    && console.contains(Int(columns.edgeLabel(edge)))
            })
        case .objectsRetainedByEventHandlers:
            let handlers = eventHandlers()
            return lost { handlers.contains($0) }
        case .duplicatedStrings:
            return DuplicateStrings(self).nodes
        case .sharedNativeContext: return nodes(attributedTo: NativeContextAttribution.shared)
        case .noNativeContext: return nodes(attributedTo: NativeContextAttribution.none)
        }
    }

    private func nodes(attributedTo owner: UInt32) -> NodeSet {
        let attribution = NativeContextAttribution(self)
        defer { attribution.owner.free() }
        let set = NodeSet(nodeCount: snapshot.nodeCount)
        for node in 0..<snapshot.nodeCount where attribution.owner[node] == owner { set.insert(node) }
        return set
    }

    private func lost(_ isCut: @escaping (Int) -> Bool) -> NodeSet {
        let columns = snapshot.columns
        return lost(edge: { _, edge in isCut(Int(columns.target[edge])) })
    }

    /// What is not reached from the root any more without some edges, of that which has a distance. Weak edges do not count.
    private func lost(edge isCut: (_ node: Int, _ edge: Int) -> Bool) -> NodeSet {
        let links = Links(snapshot.columns)
        let reached = NodeSet(nodeCount: links.nodeCount)
        var stack = NodeStack(links.nodeCount)
        reached.insert(0)
        stack.push(0)
        while let node = stack.pop() {
            for edge in links.edges(node) where !links.isWeak(edge) {
                let child = Int(links.target[edge])
                if reached.contains(child) || isCut(node, edge) { continue }
                reached.insert(child)
                stack.push(child)
            }
        }
        let lost = NodeSet(nodeCount: links.nodeCount)
        for node in 0..<links.nodeCount where !reached.contains(node) && distances[node] != Distances.unset { lost.insert(node) }
        withExtendedLifetime(snapshot) {}
        return lost
    }

    /// The functions behind `V8EventListener`: what the edge `1` leads to, or the function that that one wraps.
    private func eventHandlers() -> NodeSet {
        let columns = snapshot.columns
        let handlers = NodeSet(nodeCount: columns.nodeCount)
        guard let listener = snapshot.strings.index(of: "V8EventListener") else { return handlers }
        let (one, code) = (snapshot.strings.index(of: "1"), snapshot.strings.index(of: "code"))
        func target(of node: Int, _ name: UInt32?, number: UInt32? = nil) -> Int? {
            snapshot.edges(of: node).first { edge in
                let kind = columns.edgeKind(edge)
                let isNumber = kind == EdgeKind.element || kind == EdgeKind.hidden
                return columns.edgeLabel(edge) == (isNumber ? number : name)
            }.map { Int(columns.target[$0]) }
        }
        // Each node's edges are looked at once, however many lead to it.
        let asked = NodeSet(nodeCount: columns.nodeCount), functions = NodeSet(nodeCount: columns.nodeCount),
            seen = NodeSet(nodeCount: columns.nodeCount)
        func isFunction(_ node: Int) -> Bool {
            if !asked.contains(node) {
                asked.insert(node)
                if target(of: node, code) != nil { functions.insert(node) }
            }
            return functions.contains(node)
        }
        for node in 0..<columns.nodeCount where columns.name[node] == listener {
            guard let handler = target(of: node, one, number: 1), !seen.contains(handler) else { continue }
            seen.insert(handler)
            let wrapped = isFunction(handler) ? nil : snapshot.edges(of: handler).lazy.map { Int(columns.target[$0]) }.first(where: isFunction)
            handlers.insert(wrapped ?? handler)
        }
        return handlers
    }
}

/// `system / Context` and those with more behind it.
struct ContextNames {
    private let strings: Set<UInt32>

    init(_ table: StringTable) {
        let plain = "system / Context"
        strings = Set(
            table.indexes(containing: plain).filter {
                let text = table.text($0)
                return text == plain || text.hasPrefix(plain + " / ")
            }.map { UInt32($0) })
    }

    func contains(_ name: UInt32) -> Bool { strings.contains(name) }
}
