import Testing

@testable import HeapSnapshot

@Suite struct ViewsPathTests {
    @Test func `What repeats three times is one run`() {
        func runs(_ text: String, fewestTimes: Int = 3) -> [String] {
            let tokens = text.unicodeScalars.map { UInt64($0.value) }
            return Folding.runs(tokens, fewestTimes: fewestTimes).map { run in
                let block = String(String.UnicodeScalarView(tokens[run.start..<run.start + run.period].compactMap { Unicode.Scalar(UInt32($0)) }))
                return run.times == 1 ? block : "\(run.times)*\(block)"
            }
        }
        #expect(runs("") == [])
        #expect(runs("xabcabcabcabz") == ["x", "3*abc", "a", "b", "z"])
        #expect(runs("aaaa") == ["4*a"])
        #expect(runs("abab") == ["a", "b", "a", "b"])
        #expect(runs("abab", fewestTimes: 2) == ["2*ab"])
        // Nine do not fold: the longest period is eight.
        #expect(runs(String(repeating: "abcdefgh", count: 3)) == ["3*abcdefgh"])
        #expect(runs(String(repeating: "abcdefghi", count: 3)).count == 27)
    }

    @Test func `The closure chain of a Meteor leak is one segment`() throws {
        let views = try views(of: "n20-leak-after")
        let farthest = try #require(views.members(of: try views.classNamed("{longStr, leakMethod}"), order: .distance, limit: 0).objects.last)
        let path = try #require(views.shortestPath(of: try views.node("@\(farthest.id)")))
        let chain = try #require(path.segments.first { $0.times > 1 })
        #expect(chain.times > 300)
        #expect(chain.steps.map(\.edge.text) == ["variable originLeakObject", "(context)", ".leakMethod"])
        #expect(chain.steps[1].node.title == "leakMethod() /tmp/peers/gen/closure-leak.js:17:91")
        #expect(path.length == Int(farthest.distance) - 1)
        #expect(path.segments.reduce(0) { $0 + $1.steps.count * $1.times + $1.omitted } == path.length)
        #expect(path.endsAtUserRoot)
        #expect(path.segments.last?.steps.last?.node.name == "global")
    }

    @Test func `A shortest path goes one reference nearer each step, and along real edges`() throws {
        let views = try views(of: "n22-8m")
        var random = SplitMix(state: 5)
        for _ in 0..<500 {
            let start = Int.random(in: 0..<views.snapshot.nodeCount, using: &random)
            var node = start
            for reference in views.references(above: start) {
                #expect(Int(views.snapshot.columns.target[reference.edge]) == node)
                #expect(views.snapshot.edges(of: reference.source).contains(reference.edge))
                #expect(views.graph.distance(of: reference.source) == views.graph.distance(of: node) - 1)
                node = reference.source
            }
            let end = views.graph.distance(of: node)
            #expect(end == 1 || end == Distances.system || end == Distances.unset)
        }
    }

    @Test func `The members of a class that hang alike are one group`() throws {
        let views = try views(of: "n20-leak-after")
        let leaking = views.paths(ofClass: try views.classNamed("LeakingClass"))
        #expect(leaking.groups.count == 1)
        #expect(leaking.groups.first?.count == 320)
        // The row of the Summary view.
        #expect(leaking.groups.first?.shallowBytes == 12_800)
        #expect(leaking.groups.first?.retainedBytes == 22_880)
        #expect(leaking.groups.first?.path.segments.prefix(2).map(\.steps[0].edge.text) == ["[109]", "variable registry"])
        let chain = views.paths(ofClass: try views.classNamed("{longStr, leakMethod}"))
        #expect(chain.members == 321)
        #expect(chain.sampled == 321)
        #expect(chain.groups[0].count == 319)
        #expect(chain.groups[0].longest - chain.groups[0].shortest == 318 * 3)
        #expect(chain.groups.reduce(0) { $0 + $1.count } == 321)
    }

    @Test func `A list of ten thousand links is sampled, and its path one segment`() throws {
        var built = BuiltSnapshot()
        var last = built.add("object", "Root")
        for _ in 0..<10_000 {
            let link = built.add("object", "Link")
            built.link(last, "property", .name("next"), link)
            last = link
        }
        let views = try built.views()
        let path = try #require(views.shortestPath(of: last))
        #expect(path.length == 10_000)
        #expect(path.segments.map(\.times) == [9_999, 1])
        // 10,000 paths of 5,000 references on average; room for a hundred of them.
        let paths = views.paths(ofClass: try views.classNamed("Link"), limit: 10, mostReferences: 500_000)
        #expect(paths.members == 10_000)
        #expect(paths.sampled == 99)
        #expect(paths.groups.map(\.count) == [98, 1])
        // The first of the sample hangs on the root, the second is the 102nd.
        #expect(paths.groups.map(\.retainedBytes) == [79_192, 80_000] as [UInt64])
        let chain = views.dominance(of: last)
        #expect(chain.chain.count == 1_000)
        #expect(chain.omitted == 10_002 - 1_000)
        #expect(chain.chain.last?.id == 1)
    }

    @Test(.timeLimit(.minutes(1)))
    func `Of very many retainers the nearest are followed, and cycles end`() throws {
        var built = BuiltSnapshot()
        let root = built.add("object", "global")
        let target = built.add("object", "Target")
        for index in 0..<5_000 {
            let holder = built.add("object", "Holder")
            built.link(holder, "property", .name("it"), target)
            built.link(target, "element", .number(index), holder)
            if index % 1_000 == 9 { built.link(root, "element", .number(index), holder) }
        }
        let views = try built.views()
        let paths = views.retainingPaths(of: target, limits: .init(depth: 30, nodes: 5_000, siblings: 3))
        #expect(paths.limitsReached == RetainingPaths.LimitsReached(depth: false, nodes: false, siblings: true))
        // Those that hang on a user root, the later ones first.
        #expect(paths.paths.map(\.node.distance) == [2, 2, 2])
        #expect(paths.paths.map(\.node.id) == paths.paths.map(\.node.id).sorted(by: >))
        #expect(views.retainingPaths(of: target, limits: .init(nodes: 3)).limitsReached.nodes)
        #expect(views.retainingPaths(of: views.snapshot.nodeCount - 1, limits: .init(depth: 1)).limitsReached.depth)
    }
}
