import Testing

@testable import HeapSnapshot

/// A snapshot that ends early: an error, or with `partial` what it holds.
@Suite struct PartialTests {
    @Test(arguments: [true, false]) func everyCut(lineBreaks: Bool) throws {
        let whole = GraphBuilder.small(nodes: 12, lineBreaks: lineBreaks)
        let closing = whole.lastIndex(of: UInt8(ascii: "}"))!
        var (nodes, edges) = (0, 0)
        for length in 0..<closing {
            let bytes = Array(whole[..<length])
            let error = try #require(throws: SnapshotError.self) { try read(bytes) }
            #expect(error.isTruncation && error.offset <= length, "cut at \(length): \(error)")
            guard let part = try? read(bytes, partial: true) else {
                #expect(nodes == 0, "cut at \(length)")
                continue
            }
            #expect(part.truncation == error && part.nodeCount >= nodes && part.edgeCount >= edges, "cut at \(length)")
            (nodes, edges) = (part.nodeCount, part.edgeCount)
            let graph = SnapshotGraph(part)
            _ = graph.summary(byLocation: true)
            let statistics = graph.statistics(), retainers = Retainers(part)
            #expect(statistics.total == (0..<nodes).reduce(0) { $0 + part.selfSize($1) })
            for node in 0..<nodes {
                #expect(part.id(of: node) == node * 2 + 1 && part.name(of: node).utf8.count < 20)
                for at in retainers.places(of: node) { #expect(Int(retainers.sources[at]) < nodes && Int(retainers.edges[at]) < edges) }
            }
        }
        #expect(nodes == 12 && edges == 12)
        #expect(try read(whole, partial: true).truncation == nil)
    }

    /// What is wrong is an error, whether or not a part would do.
    @Test func partialForgivesNothingElse() throws {
        let text = String(decoding: GraphBuilder.small(nodes: 12), as: UTF8.self)
        #expect(text.contains(#""edges":[5,1,6"#))
        let error = try #require(throws: SnapshotError.self) {
            try read(Array(text.replacing(#""edges":[5,1,6"#, with: #""edges":[5,1,1"#).utf8), partial: true)
        }
        #expect(!error.isTruncation && error.reason.contains("to_node 1"))
    }

    /// Edges before nodes, cut among the nodes: those of nodes that are missing are gone.
    @Test func edgesOfMissingNodes() throws {
        let meta = HostileTests.meta
        let text =
            #"{"snapshot":{\#(meta),"node_count":3,"edge_count":3},"strings":["","a"],"edges":[0,1,5,0,1,10,0,1,5],"nodes":[2,0,1,0,1,1,1,3,8,1,1,1"#
        let part = try read(Array(text.utf8), partial: true)
        #expect(part.nodeCount == 2 && part.edgeCount == 2 && part.edges(of: 1) == 1..<2)
        let graph = SnapshotGraph(part)
        #expect(graph.distance(of: 1) == 1 && graph.retainedSize(of: 0) == 8)
        #expect(Retainers(part).places(of: 1).count == 1)
    }

    @Test(arguments: [0.05, 0.3, 0.6, 0.95, 0.999]) func aRealOneCut(share: Double) throws {
        let whole = try fixture("n20-leak-after")
        let part = try read(Array(whole[..<Int(Double(whole.count) * share)]), partial: true)
        let graph = SnapshotGraph(part)
        #expect(part.truncation?.isTruncation == true && part.nodeCount > 1_000 && graph.totalBytes > 10_000)
        let names = graph.summary().map(\.name)
        #expect(names.contains("(system)") && (share < 0.99 || names.contains("Function")))
    }
}
