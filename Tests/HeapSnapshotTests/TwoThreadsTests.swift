import Testing

@testable import HeapSnapshot

/// What two threads find is what one finds.
@Suite struct TwoThreadsTests {
    @Test(arguments: DevToolsTests.names + ["n14-empty", "n24-tracked", "n26-empty"]) func twoThreadsFindTheSame(name: String) throws {
        let bytes = try fixture(name)
        let one = SnapshotGraph(try read(bytes))
        let two = SnapshotGraph(try SnapshotReader.readInTwo { source(of: bytes) }, threads: 2)
        let (old, new) = (one.snapshot.columns, two.snapshot.columns)
        #expect(old.nodeCount == new.nodeCount && old.edgeCount == new.edgeCount && old.locationCount == new.locationCount)
        #expect(one.snapshot.header == two.snapshot.header && one.snapshot.strings.byteCount == two.snapshot.strings.byteCount)
        for node in 0..<old.nodeCount
        where old.kind[node] != new.kind[node] || old.name[node] != new.name[node] || old.id[node] != new.id[node]
            || old.firstEdge[node + 1] != new.firstEdge[node + 1] || one.snapshot.selfSize(node) != two.snapshot.selfSize(node)
            || one.distance(of: node) != two.distance(of: node) || one.dominator(of: node) != two.dominator(of: node)
            || one.shallowSize(of: node) != two.shallowSize(of: node) || one.retainedSize(of: node) != two.retainedSize(of: node)
        {
            Issue.record("\(name): node \(node) is another")
            return
        }
        for edge in 0..<old.edgeCount where old.label[edge] != new.label[edge] || old.target[edge] != new.target[edge] {
            Issue.record("\(name): edge \(edge) is another")
            return
        }
        #expect((0..<4 * old.locationCount).allSatisfy { old.locations[$0] == new.locations[$0] })
        #expect((0..<one.snapshot.strings.count).allSatisfy { one.snapshot.strings.text($0) == two.snapshot.strings.text($0) })
        #expect(one.totalBytes == two.totalBytes && one.summary() == two.summary() && one.userRoots == two.userRoots)
    }

    /// Orders that V8 does not write, and white space that it does not write either.
    @Test(arguments: [
        #"{"snapshot":S,"edges":E,"nodes":N,"strings":T}"#, #"{"snapshot":S,"nodes":N,"strings":T,"edges":E}"#,
        #"{"snapshot":S,"locations":[0,1,1,2],"nodes":N,"edges":E,"strings":T}"#,
        "{ \"snapshot\" : S ,\n\"nodes\": N,\n \"edges\" :E , \"strings\":T\n}\n",
        #"{"snapshot":S,"nodes":N,"edges":E,"strings":T,"later":"strings"}"#, #"{"snapshot":S,"nodes":N,"edges":E,"later":"strings","strings":T}"#,
    ]) func otherOrdersAreReadToo(form: String) throws {
        var text = form
        for (letter, part) in Self.parts { text = text.replacing(letter, with: part) }
        let bytes = Array(text.utf8)
        let one = try read(bytes), two = try readByTwo(bytes)
        #expect(one.nodeCount == 3 && two.nodeCount == 3 && two.edgeCount == one.edgeCount && two.name(of: 2) == one.name(of: 2))
        #expect(SnapshotGraph(two, threads: 2).summary() == SnapshotGraph(one).summary())
    }

    private static let parts = [
        (
            "S",
            #"{"meta":{"node_fields":["type","name","id","self_size","edge_count"],"node_types":[["object"],"string"],"#
                + #""edge_fields":["type","name_or_index","to_node"],"edge_types":[["property"]],"location_fields":["object_index","script_id","line","column"]},"#
                + #""node_count":3,"edge_count":2}"#
        ), ("N", "[0,0,1,8,1,0,0,3,16,1,0,1,5,24,0]"), ("E", "[0,0,5,0,1,10]"), ("T", #"["a","b"]"#),
    ]

    /// One place says what is wrong: the same words as ever.
    @Test(arguments: [false, true]) func damageIsToldTheSameWay(lineBreaks: Bool) throws {
        let whole = GraphBuilder.small(nodes: 300, lineBreaks: lineBreaks)
        var random = SplitMix(state: 7)
        for turn in 0..<600 {
            var bytes = whole
            switch turn % 3 {
            case 0: bytes.removeLast(Int.random(in: 1..<bytes.count, using: &random))
            case 1: bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: .min ... .max, using: &random)
            default: bytes.swapAt(Int.random(in: 0..<bytes.count, using: &random), Int.random(in: 0..<bytes.count, using: &random))
            }
            try compare(bytes)
        }
    }

    /// Before each quote and bracket: where one half begins, where the other ends, and what is passed over from quote to quote.
    @Test(arguments: [false, true]) func whatStandsBetweenIsNotPassedOver(lineBreaks: Bool) throws {
        let whole = GraphBuilder.small(nodes: 4, lineBreaks: lineBreaks)
        for place in whole.indices where [UInt8](#""[]{}:"#.utf8).contains(whole[place]) {
            for junk in [",", "x", "1", "]", "\n"] { try compare(Array(whole[..<place]) + Array(junk.utf8) + Array(whole[place...])) }
        }
    }

    private func compare(_ bytes: [UInt8]) throws {
        let one = Result { try read(bytes) }, two = Result { try readByTwo(bytes) }
        switch (one, two) {
        case (.success(let one), .success(let two)): #expect(SnapshotGraph(one).summary() == SnapshotGraph(two, threads: 2).summary())
        case (.failure(let one), .failure(let two)): #expect(one as? SnapshotError == two as? SnapshotError && one is SnapshotError)
        default: Issue.record("one thread: \(one), two: \(two)")
        }
    }
}

private func readByTwo(_ bytes: [UInt8]) throws -> Snapshot {
    try (try? SnapshotReader.readInTwo { source(of: bytes) }) ?? read(bytes)
}
