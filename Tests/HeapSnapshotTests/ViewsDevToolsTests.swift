import Testing

@testable import HeapSnapshot

/// The views of real snapshots, equal to DevTools'.
@Suite struct ViewsDevToolsTests {
    @Test(arguments: viewsFixtures)
    func `Nodes are named as DevTools names them`(_ name: String) throws {
        let (views, devTools) = (try views(of: name), try DevToolsViews(name))
        #expect(devTools.names.count > 200)
        for wanted in devTools.names {
            let node = try views.node("@\(wanted.id)")
            let text = views.names.name(of: node)
            // The fixture has the beginning of a longer one.
            if wanted.name.hasSuffix("…") { #expect(text.hasPrefix(wanted.name.dropLast())) } else { #expect(text == wanted.name) }
        }
    }

    @Test(arguments: viewsFixtures)
    func `Retaining paths, and the limits that were hit, are DevTools'`(_ name: String) throws {
        let (views, devTools) = (try views(of: name), try DevToolsViews(name))
        #expect(!devTools.retainingPaths.isEmpty)
        for wanted in devTools.retainingPaths {
            let limits = RetainingPaths.Limits(depth: wanted.limits.maxDepth, nodes: wanted.limits.maxNodes, siblings: wanted.limits.maxSiblings)
            let paths = views.retainingPaths(of: try views.node("@\(wanted.node.id)"), limits: limits)
            #expect(paths.paths.map(step) == wanted.paths)
            #expect(paths.limitsReached.depth == wanted.limitsReached.depth ?? false)
            #expect(paths.limitsReached.nodes == wanted.limitsReached.nodes ?? false)
            #expect(paths.limitsReached.siblings == wanted.limitsReached.siblings ?? false)
        }
    }

    @Test(arguments: viewsFixtures)
    func `Chains of dominators are DevTools'`(_ name: String) throws {
        let (views, devTools) = (try views(of: name), try DevToolsViews(name))
        #expect(!devTools.dominatorChains.isEmpty)
        for wanted in devTools.dominatorChains {
            let chain = views.dominance(of: try views.node("@\(wanted[0].id)")).chain
            #expect(chain.map { DevToolsViews.Dominator(id: $0.id, name: $0.name, retainedSize: $0.retainedBytes) } == wanted)
        }
    }

    @Test(arguments: viewsFixtures)
    func `Named filters leave DevTools' rows`(_ name: String) throws {
        let (graph, devTools) = (try graph(ofFixture: name), try DevToolsViews(name))
        #expect(Set(devTools.filters.keys) == Set(NodeFilter.allCases.map(\.rawValue)))
        for (key, wanted) in devTools.filters {
            let filter = try #require(NodeFilter(rawValue: key))
            let rows = graph.summary(byLocation: true, nodes: graph.nodes(in: filter))
            #expect(rows.count == wanted.classes, "\(key)")
            #expect(rows.reduce(0) { $0 + $1.count } == wanted.count, "\(key)")
            #expect(rows.reduce(0) { $0 + $1.shallowBytes } == wanted.`self`, "\(key)")
            let all = Set(
                rows.map { row in
                    let place = row.location.map { "\($0.script),\($0.line),\($0.column)" } ?? ""
                    return DevToolsViews.Filter.Row(
                        key: "\(place),\(row.name)", count: row.count, self: row.shallowBytes, maxRet: row.retainedBytes, distance: row.distance)
                })
            #expect(Set(wanted.top).subtracting(all).isEmpty, "\(key)")
        }
    }

    @Test(arguments: viewsFixtures)
    func `Duplicated strings are DevTools'`(_ name: String) throws {
        let (views, devTools) = (try views(of: name), try DevToolsViews(name))
        let found = views.duplicatedStrings(limit: devTools.duplicateStringsTop.count, longest: 5_000)
        #expect(found.isComplete)
        let rows = found.strings.map {
            DevToolsViews.Duplicate(
                value: shortened($0.value), length: $0.length, count: $0.count, totalSelfSize: $0.shallowBytes, totalRetainedSize: $0.retainedBytes)
        }
        #expect(rows == devTools.duplicateStringsTop)
    }

    @Test(arguments: viewsFixtures)
    func `Bytes are attributed to native contexts as in DevTools`(_ name: String) throws {
        let (graph, wanted) = (try graph(ofFixture: name), try DevToolsViews(name).nativeContextSizes)
        let found = graph.nativeContexts()
        #expect(found.contexts.map(\.id) == wanted.nativeContexts.map(\.nodeId))
        #expect(found.contexts.map(\.attributedBytes) == wanted.nativeContexts.map(\.attributedSize))
        #expect(found.contexts.map(\.retainedBytes) == wanted.nativeContexts.map(\.retainedSize))
        #expect(found.contexts.map(\.shallowBytes) == wanted.nativeContexts.map(\.selfSize))
        #expect(found.sharedBytes == wanted.sharedSize)
        #expect(found.unattributedBytes == wanted.noAttributionSize)
    }

    private func step(_ step: RetainingPaths.Step) -> DevToolsViews.Paths.Step {
        DevToolsViews.Paths.Step(
            edge: step.edge.name, edgeType: step.edge.kind, from: step.node.name, fromId: step.node.id, distance: step.node.distance,
            children: step.retainers.map(self.step))
    }

    /// The fixtures keep 80 characters of a longer name.
    private func shortened(_ text: String) -> String { text.count > 80 && !text.hasPrefix("{") ? text.prefix(80) + "…" : text }
}
