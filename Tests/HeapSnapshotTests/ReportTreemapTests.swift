import Testing

@testable import HeapSnapshot

@Suite struct ReportTreemapTests {
    @Test func tilesFillTheirShareAndDoNotOverlap() {
        var random = SplitMix(state: 11)
        for _ in 0..<300 {
            let space = Treemap.Rectangle(
                x: .random(in: 0...50, using: &random), y: .random(in: 0...50, using: &random), width: .random(in: 5...900, using: &random),
                height: .random(in: 5...900, using: &random))
            let weights = (0..<Int.random(in: 1...40, using: &random)).map { _ in Double.random(in: 0.01...100, using: &random) }.sorted(by: >)
            // Some of the space stays free.
            let scale = space.width * space.height * .random(in: 0.3...1, using: &random) / weights.reduce(0, +)
            let areas = weights.map { $0 * scale }
            let tiles = Treemap.squarified(areas, in: space)
            #expect(tiles.count == areas.count)
            for (tile, area) in zip(tiles, areas) {
                #expect(abs(tile.width * tile.height - area) < 1e-6 * space.width * space.height)
                #expect(tile.x >= space.x - 1e-6 && tile.y >= space.y - 1e-6)
                #expect(tile.x + tile.width <= space.x + space.width + 1e-6 && tile.y + tile.height <= space.y + space.height + 1e-6)
            }
            for a in tiles.indices {
                for b in tiles.indices where a < b { #expect(overlap(tiles[a], tiles[b]) < 1e-6) }
            }
        }
        #expect(Treemap.squarified([4, 2, 0], in: .init(x: 0, y: 0, width: 0, height: 9)).allSatisfy { $0.width * $0.height == 0 })
    }

    private func overlap(_ a: Treemap.Rectangle, _ b: Treemap.Rectangle) -> Double {
        max(0, min(a.x + a.width, b.x + b.width) - max(a.x, b.x)) * max(0, min(a.y + a.height, b.y + b.height) - max(a.y, b.y))
    }

    /// The example of Bruls, Huizing and van Wijk (2000): 6, 6, 4, 3, 2, 2, 1 in 6 by 4.
    @Test func theExampleOfTheArticle() {
        let tiles = Treemap.squarified([6, 6, 4, 3, 2, 2, 1], in: .init(x: 0, y: 0, width: 6, height: 4))
        #expect(tiles.prefix(2).allSatisfy { abs($0.width - 3) < 1e-9 && abs($0.height - 2) < 1e-9 })
        #expect(abs(tiles[2].width - 12.0 / 7) < 1e-9 && abs(tiles[2].height - 7.0 / 3) < 1e-9)
        #expect(abs(tiles[3].width - 9.0 / 7) < 1e-9 && abs(tiles[3].height - 7.0 / 3) < 1e-9)
    }

    /// Against the dominators themselves: an object alone has its own retained size, a group that of what its dominator has of its class, and together
    /// with the rest they are what the level above dominates.
    @Test(arguments: ["n20-leak-after", "n22-8m", "n24-internals", "n26-empty"])
    func sizesAreThoseOfTheDominatorTree(name: String) throws {
        let graph = try SnapshotGraph(reportSnapshot(fixture(name)))
        let tree = Report(graph, title: name).retained
        let ofRoot = (1..<graph.snapshot.nodeCount).filter { graph.dominator(of: $0) == 0 }.reduce(UInt64(0)) { $0 + graph.retainedSize(of: $1) }
        #expect(tree.items.reduce(tree.restBytes) { $0 + $1.retainedBytes } == ofRoot)
        let nodeOf = Dictionary(uniqueKeysWithValues: (0..<graph.snapshot.nodeCount).map { (graph.snapshot.id(of: $0), $0) })
        var (alone, groups) = (0, 0)
        func check(_ item: RetainedTree.Item, level: Int) throws {
            #expect(level <= 10 && item.retainedBytes >= max(1, graph.totalBytes / 500))
            #expect(item.children.reduce(item.restBytes) { $0 + $1.retainedBytes } <= item.retainedBytes)
            #expect(item.children.map(\.retainedBytes) == item.children.map(\.retainedBytes).sorted(by: >))
            if let id = item.id {
                alone += 1
                let node = try #require(nodeOf[id])
                #expect(item.count == 1 && graph.retainedSize(of: node) == item.retainedBytes)
                if item.levelsBelow == 0 {
                    let dominated = (1..<graph.snapshot.nodeCount).filter { graph.dominator(of: $0) == node }
                    #expect(item.children.reduce(item.restCount) { $0 + $1.count } == dominated.count)
                    for child in item.children where child.count > 1 {
                        groups += 1
                        let small = dominated.filter { graph.retainedSize(of: $0) < max(1, UInt64(Double(graph.totalBytes) * 0.002)) }
                        let sums = Dictionary(grouping: small, by: { "\(graph.snapshot.kindName(of: $0)) \(graph.snapshot.name(of: $0))" }).values
                            .map { ($0.count, $0.reduce(UInt64(0)) { $0 + graph.retainedSize(of: $1) }) }
                        // A class of strings or of plain objects has many names; all others have one.
                        guard !child.name.hasPrefix("("), !child.name.hasPrefix("{"), child.name != "Object" else { continue }
                        #expect(sums.contains { $0 == child.count && $1 == child.retainedBytes }, "\(child.name)")
                    }
                }
            }
            for child in item.children { try check(child, level: level + 1) }
        }
        for item in tree.items { try check(item, level: 1) }
        #expect(alone > 5 && groups > 0)
    }

    /// 600 rounds of the closure chain are one tile that names the parts of a round, not ten levels of nesting.
    @Test func aChainIsOneItem() throws {
        let graph = try SnapshotGraph(reportSnapshot(fixture("n20-leak-after")))
        let report = Report(graph, title: "leak")
        func find(_ items: [RetainedTree.Item]) -> RetainedTree.Item? {
            for item in items {
                if item.property == "leakObject" { return item }
                if let found = find(item.children) { return found }
            }
            return nil
        }
        let chain = try #require(find(report.retained.items))
        #expect(
            chain.levelsBelow > 800 && chain.below.contains { $0.name == "leakMethod: leakMethod()" }
                && chain.below.contains { $0.name.hasPrefix("originLeakObject: ") }
        )
        #expect(try report.page().contains("and so on, \(chain.levelsBelow.grouped) levels down"))
    }

    /// Whoever cannot see the treemap reads the table: no tile is missing there.
    @Test(arguments: ["n22-8m", "n24-internals"]) func theTableSaysWhatTheTreemapShows(name: String) throws {
        let report = try Report(SnapshotGraph(reportSnapshot(fixture(name))), title: name)
        let page = try report.page()
        let table = try #require(page.parts("id=\"tree-caption\"").last?.parts("</table>").first)
        let tiles = Treemap(report.retained, width: 1_100, height: 560).tiles
        #expect(tiles.count > 60)
        for tile in tiles {
            switch tile.content {
            case .item(let item):
                let html: HTML = "\">\(item.label)"
                #expect(table.contains(html.source), "\(item.label)")
                #expect(table.contains("<td>\(item.retainedBytes.kibibytes)</td>"))
            case .rest(let count, let bytes) where bytes >= report.totalBytes / 500:
                #expect(table.contains("smaller ones</th><td>\(bytes.kibibytes)</td>") && table.contains("<td>\(count.grouped)</td>"))
            case .rest: break
            }
        }
    }

    @Test func numbersAreWrittenAligned() {
        #expect([0, 51, 52, 1_024, 1_048_576 * 1_024].map(\.kibibytes) == ["0.0", "0.0", "0.1", "1.0", "1,048,576.0"])
        #expect(
            [Int64.min, -2_048, -1, 0, 2_048].map(\.signedKibibytes) == ["\u{2212}9,007,199,254,740,992.0", "\u{2212}2.0", "0.0", "0.0", "+2.0"])
        #expect(UInt64.max.kibibytes == "18,014,398,509,481,984.0")
        #expect([0, 999, 1_000, -1_234_567].map(\.grouped) == ["0", "999", "1,000", "\u{2212}1,234,567"])
        #expect([0.1234, 1, -0.5, .nan, .infinity, 12.34567].map(\.percent) == ["12.3", "100.0", "\u{2212}50.0", "–", "–", "1,234.6"])
        #expect([0, 7, 12.5, 12.345, -0.05, .nan].map(\.coordinate) == ["0", "7", "12.5", "12.35", "-0.05", "0"])
        #expect("abcdefgh".shortened(8) == "abcdefgh" && "abcdefghi".shortened(8) == "abcdef…hi (9 characters)" && "äöüä".shortened(4) == "äöüä")
    }

    @Test func theChartKeepsPeakAndLimit() throws {
        var samples = (0..<20_000).map { Report.Sample(seconds: Double($0), useBytes: 100, limitBytes: $0 < 10_000 ? 1_000 : 2_000) }
        samples[7_777].useBytes = 900
        let chart = try #require(TrajectoryChart(samples))
        #expect(chart.samples.count <= 500 && chart.samples.contains { $0.useBytes == 900 })
        #expect(chart.sentence == "From 100 B to 100 B in 19999 s, at most 900 B; the limit was 1.95 KiB, 5.0 % used.")
        // A limit that changes is a step, and 88 of 100 is the highest.
        #expect(chart.html.source.contains("56") && chart.html.source.contains(",12\"/>"))
        #expect(TrajectoryChart([]) == nil && TrajectoryChart([samples[0]]) == nil && TrajectoryChart([samples[0], samples[0]]) == nil)
        #expect(TrajectoryChart([.init(seconds: .nan, useBytes: 1), .init(seconds: .infinity, useBytes: 1), samples[0]]) == nil)
        let gap = try #require(TrajectoryChart((0..<9).map { .init(seconds: Double($0), useBytes: .max, limitBytes: $0 % 4 == 3 ? nil : .max) }))
        #expect(gap.html.source.parts("class=\"limit\"").count == 4)
    }
}
