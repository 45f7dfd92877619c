import Glibc
import Testing

@testable import HeapSnapshot

/// What a damaged or a malicious file may hold: an error that names place and cause, never a trap, never memory beyond the file's own measure.
@Suite(.serialized) struct HostileTests {
    static let meta = """
        "meta":{"node_fields":["type","name","id","self_size","edge_count"],"node_types":[["hidden","object","synthetic"]],\
        "edge_fields":["type","name_or_index","to_node"],"edge_types":[["property","weak","element"]],\
        "location_fields":["object_index","script_id","line","column"]}
        """

    static func text(
        head: String? = nil, nodes: String = "2,0,1,0,1,1,1,3,8,0", edges: String = "0,1,5", rest: String = "", strings: String = #"["","a"]"#
    ) -> String {
        let head = head ?? #""node_count":2,"edge_count":1"#
        return #"{"snapshot":{\#(meta),\#(head)},"nodes":[\#(nodes)],"edges":[\#(edges)],\#(rest)"strings":\#(strings)}"#
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        /// Part of the error.
        var reason: String
        /// Where `§` stood in the text that the case was made of.
        var offset: Int?
        var testDescription: String { String(text.prefix(300)) }

        init(_ text: String, _ reason: String) {
            self.reason = reason
            offset = text.utf8.firstIndex(of: 0xC2).map { text.utf8.distance(from: text.startIndex, to: $0) }
            self.text = text.filter { $0 != "§" }
        }
    }

    static let wrong: [Case] = [
        // counts
        Case(text(head: #""node_count":3,"edge_count":1"#, nodes: "2,0,1,0,1,1,1,3,8,0]§"), "2 nodes, the header says 3"),
        Case(text(head: #""node_count":1,"edge_count":1"#, nodes: "2,0,1,0,1,§1,1,3,8,0"), "more nodes than the header says (1)"),
        Case(text(head: #""node_count":2,"edge_count":2"#), "the nodes have 1 edges, the header says 2"),
        Case(text(head: #""node_count":2,"edge_count":0"#), "more edges than the header says (0)"),
        Case(text(edges: "0,1,5,0,1,5"), "more edges than the header says (1)"),
        Case(text(edges: ""), "0 edges, the header says 1"),
        Case(text(head: #""node_count":4294967296,"edge_count":1"#), "more than 2^32"),
        Case(text(head: #""node_count":9223372036854775807,"edge_count":1"#), "beyond any memory"),
        Case(text(head: #""node_count":99999999999999999999,"edge_count":1"#), "no node_count"),
        Case(text(head: #""node_count":-1,"edge_count":1"#), "no node_count"),
        Case(text(head: #""node_count":1e3,"edge_count":1"#), "no node_count"),
        Case(text(head: #""edge_count":1"#), "no node_count"),
        Case(text(head: #""node_count":0,"edge_count":0"#, nodes: "", edges: ""), "no nodes"),
        // numbers
        Case(text(edges: "§0,1,10"), "to_node 10 is none of 2 nodes"), Case(text(edges: "§0,1,6"), "to_node 6"),
        Case(text(edges: "§0,1,-5"), "to_node"),
        Case(text(edges: "§3,1,5"), "type 3 of 3"), Case(text(edges: "0,4294967295,5"), "beyond 2^32"), Case(text(edges: "0,2,5"), "string 2 of 2"),
        Case(text(nodes: "2,0,1,0,1,1,7,3,8,0"), "string 7 of 2"), Case(text(nodes: "2,0,1,0,1,§3,1,3,8,0"), "type 3 of 3"),
        Case(text(nodes: "2,0,1,0,1,1,-1,3,8,0"), "a name beyond"), Case(text(nodes: "2,0,4294967296,0,1,1,1,3,8,0"), "an id beyond"),
        Case(text(nodes: "2,0,1,9007199254740993,1,1,1,3,8,0"), "more than 2^53"),
        Case(text(nodes: "2,0,1,9007199254740990,1,1,1,3,8,0"), "more than 2^53"),
        Case(text(nodes: "2,0,1,0,1,1,1,3,8,-1"), "more edges"),
        Case(text(nodes: "2,0,1,0,1,1,1,3,8,0,7"), "among the numbers of nodes"),
        Case(text(nodes: "2,0,1,0,1,1,1,3,8,0,"), "among the numbers of nodes"),
        Case(text(nodes: "2,0,1,0,1,1,,3,8,0"), "among"), Case(text(nodes: "2,0,1,0,1,1,1.5,3,8,0"), "among"),
        Case(text(nodes: "2,0,1,0,1,1,x,3,8,0"), "among"),
        Case(text(nodes: "2,0,1,0,1,1,\"1\",3,8,0"), "among"), Case(text(nodes: "2,0,1,0,1,1,- 1,3,8,0"), "among"),
        Case(text(nodes: "[2,0,1,0,1]"), "among"),
        Case(text(nodes: String(repeating: "1", count: 100_000)), "among"),
        Case(text(nodes: "2," + String(repeating: " ", count: 3_000_000) + "0"), "among"),
        Case(text(nodes: "2,0,1,0,1\0,1,1,3,8,0"), "byte 0"),
        Case(text(rest: #""locations":[1,2,3,4],"#), "object_index 1"), Case(text(rest: #""locations":[10,2,3,4],"#), "object_index 10"),
        Case(text(rest: #""locations":[5,2,3],"#), "among"),
        // sections
        Case(#"{"nodes":[],"snapshot":{}}"#, "nodes before snapshot"), Case(#"{"strings":[],"snapshot":{}}"#, "strings before snapshot"),
        Case(text(rest: #""nodes":[],"#), "nodes twice"), Case(text(rest: #""strings":[],"#), "strings twice"),
        Case(text(rest: #""snapshot":{},"#), "snapshot twice"), Case("{}", "a key"), Case(#"{"a":1}"#, "snapshot is missing"),
        Case(#"{"snapshot":{\#(meta),"node_count":1,"edge_count":0},"nodes":[2,0,1,0,0],"strings":[""]}"#, "edges is missing"),
        Case(#"{"snapshot":{\#(meta),"node_count":1,"edge_count":0},"edges":[],"strings":[""]}"#, "nodes is missing"),
        Case(#"{"snapshot":{\#(meta),"node_count":1,"edge_count":0},"nodes":[2,0,1,0,0],"edges":[]}"#, "strings is missing"),
        Case(text() + "§x", "behind the end"), Case(text() + text(), "behind the end"), Case(text() + "\0", "behind the end"),
        // header
        Case(#"{"snapshot":[]}"#, "the value of snapshot"), Case(#"{"snapshot":{"meta":{}}}"#, "no "),
        Case(#"{"snapshot":{"a":[}}"#, "what was never opened"),
        Case(#"{"snapshot":{"a" 1}}"#, "not JSON"),
        Case(#"{"snapshot":{"meta":{"node_fields":[],"edge_fields":["a"]},"node_count":1,"edge_count":1}}"#, "no meta.node_fields"),
        Case(#"{"snapshot":{"meta":{"node_fields":["a"],"edge_fields":["a"]},"node_count":1,"edge_count":1},"nodes":[]}"#, "no node field type"),
        Case(
            #"{"snapshot":{"meta":{"node_fields":["#
                + String(repeating: "\"a\",", count: 100_000) + #""a"],"edge_fields":["a"]},"node_count":1,"edge_count":1},"nodes":[]}"#,
            "no meta.node_fields"),
        Case(#"{"snapshot":{"a":""# + String(repeating: "x", count: 2 << 20) + #""}}"#, "more than 1 MiB"),
        Case(#"{"snapshot":"# + String(repeating: #"{"a":"#, count: 1_000) + "1" + String(repeating: "}", count: 1_001), "not JSON"),
        // strings
        Case(text(strings: "[]"), "string 1 of 0"), Case(text(strings: #"["","a\#u{1}"]"#), "string 1 holds a control character"),
        Case(text(strings: #"["",5]"#), "a string"), Case(text(strings: #"["""a"]"#), "',' or ']'"), Case(text(strings: "{}"), "list of strings"),
        Case("", "'{'"), Case("\0", "byte 0"), Case("[]", "'{'"), Case("null", "'{'"), Case("{\"" + String(repeating: "k", count: 1 << 21), "a key"),
    ]

    @Test(arguments: wrong) func whatIsWrongIsNamed(wrong: Case) {
        let bytes = Array(wrong.text.utf8)
        for size in [true, false] {
            do {
                let snapshot = try read(bytes, size: size)
                Issue.record("was read: \(snapshot.nodeCount) nodes")
            } catch let error as SnapshotError {
                #expect(error.reason.contains(wrong.reason), "\(error)")
                #expect((0...bytes.count).contains(error.offset))
                if let offset = wrong.offset { #expect(abs(error.offset - offset) <= 1, "\(error), not at \(offset)") }
            } catch { Issue.record("\(error)") }
        }
    }

    @Test func notUTF8() throws {
        var bytes = Array(Self.text().utf8)
        bytes[bytes.lastIndex(of: UInt8(ascii: "a"))!] = 0xFF
        let error = try #require(throws: SnapshotError.self) { try read(bytes) }
        #expect(error.reason == "string 1 is not UTF-8")
    }

    /// V8 writes the low 16 bits of a character above U+FFFF, which can be half of a pair: no error, and no trap when it is shown.
    @Test(arguments: [
        (#"\uD83D"#, "\u{FFFD}"), (#"\uDE00x"#, "\u{FFFD}x"), (#"\uD83D\uDE00"#, "😀"), (#"\uF600"#, "\u{F600}"), (#"a\tb\"\\\/\n"#, "a\tb\"\\/\n"),
        (#"\u12"#, "\u{12}"), (#"\uzzzz"#, "\u{FFFD}"), ("ü", "ü"), (#"\u00FC"#, "ü"),
    ]) func stringsAreShownAsTheyCanBe(raw: String, shown: String) throws {
        let snapshot = try read(Array(Self.text(strings: #"["","\#(raw)"]"#).utf8))
        #expect(snapshot.name(of: 1) == shown)
        #expect(SnapshotGraph(snapshot).summary().map(\.name) == [shown])
    }

    /// 10 million levels: nothing that stands for them is kept.
    @Test func deepTraceTreesCostNothing() throws {
        let (open, close) = ([UInt8](repeating: UInt8(ascii: "["), count: 10_000_000), [UInt8](repeating: UInt8(ascii: "]"), count: 10_000_000))
        let parts = Self.text(rest: #""trace_tree":§,"#).split(separator: "§").map { Array($0.utf8) }
        let bytes = parts[0] + open + close + parts[1]
        let before = try residentKiB()
        #expect(try read(bytes).nodeCount == 2)
        #expect(try residentKiB() - before < 8 << 10)
        let error = try #require(throws: SnapshotError.self) { try read(parts[0] + open) }
        #expect(error.isTruncation)
    }

    /// What the header claims is not what is reserved.
    @Test(arguments: [nil, 500, 1 << 60]) func fourBillionNodesInAHundredBytes(claimed: Int?) throws {
        let bytes = Array(Self.text(head: #""node_count":4294967294,"edge_count":4294967294"#).utf8)
        let before = try residentKiB(), reserved = try mostReservedKiB()
        let error = try #require(throws: SnapshotError.self) {
            var rest = bytes[...]
            _ = try SnapshotReader.read(
                ByteSource(size: claimed) { buffer in
                    let piece = rest.prefix(buffer.count)
                    buffer.copyBytes(from: piece)
                    rest = rest.dropFirst(piece.count)
                    return piece.count
                })
        }
        #expect(error.reason.contains("2 nodes, the header says 4294967294"))
        #expect(try residentKiB() - before < 8 << 10)
        // Addresses only; four billion nodes and edges would be 100 GiB. Other tests run beside this one.
        #expect(try mostReservedKiB() - reserved < 8 << 20)
    }

    /// A string without an end is in memory as a whole, twice while the window grows, and no more.
    @Test func anEndlessStringTakesItsOwnSize() throws {
        var left = 64 << 20
        let head = Array(#"{"snapshot":{\#(Self.meta),"node_count":1,"edge_count":0},"nodes":[2,0,1,0,0],"edges":[],"strings":[""#.utf8)
        var isFirst = true
        let before = try residentKiB()
        var peak = 0
        let error = try #require(throws: SnapshotError.self) {
            _ = try SnapshotReader.read(
                ByteSource { buffer in
                    if isFirst {
                        isFirst = false
                        buffer.copyBytes(from: head)
                        return head.count
                    }
                    let count = min(left, buffer.count)
                    if count > 0 { memset(buffer.baseAddress!, 0x78, count) }
                    left -= count
                    peak = max(peak, (try? residentKiB()) ?? 0)
                    return count
                })
        }
        #expect(error.isTruncation && peak - before < 4 * 64 << 10, "\(peak - before) KiB")
    }

    /// More types than a byte has numbers.
    @Test func threeHundredTypes() throws {
        let types = (0..<300).map { "\"t\($0)\"" }.joined(separator: ",")
        let text = Self.text(nodes: "290,0,1,0,1,1,1,3,8,0").replacing(#"["hidden","object","synthetic"]"#, with: "[\(types)]")
        let graph = SnapshotGraph(try read(Array(text.utf8)))
        #expect(graph.totalBytes == 8 && graph.summary().map(\.name) == ["(t1)"] && graph.statistics().total == 8)
    }

    /// What may stand in a snapshot although V8 does not write it so.
    @Test func otherOrdersAndUnknownPartsAreRead() throws {
        let odd = #"""
             {  "later":{"a":[1,{"b":"]}\""}]}, "snapshot":{\#(Self.meta),"node_count":2,"edge_count":1,"extra_native_bytes":9223372036854775807,"new":null},
            "word":true ,"number":-1.5e3,"strings":["","a"],"scopes":[-1,2],"edges":[ 0 , 1 , 5 ] ,"nodes":[ 2,0,1,0,1
            ,1,1,3,8,0 ]  }
            """#
        let graph = SnapshotGraph(try read(Array(odd.utf8)))
        #expect(graph.snapshot.name(of: 1) == "a" && graph.distance(of: 1) == 1 && graph.totalBytes == 8 + SnapshotReader.largestTotal)
        _ = graph.statistics()
    }

    @Test func piecesDoNotMatter() throws {
        let bytes = GraphBuilder.small(nodes: 300, lineBreaks: true)
        func digest(_ snapshot: Snapshot) -> [Int] {
            let graph = SnapshotGraph(snapshot)
            return (0..<snapshot.nodeCount).flatMap { [Int(snapshot.id(of: $0)), Int(graph.distance(of: $0)), Int(graph.retainedSize(of: $0))] }
        }
        let whole = digest(try read(bytes))
        var random = SplitMix(state: 3)
        #expect(try digest(read(bytes, size: false, pieces: { 1 })) == whole)
        #expect(try digest(read(bytes, pieces: { Int.random(in: 1...100, using: &random) })) == whole)
    }

    /// Every byte of a small file, changed in several ways: read or refused, in one piece and byte by byte with the same answer.
    @Test func everyByteChanged() throws {
        let whole = GraphBuilder.small(nodes: 4, lineBreaks: true)
        var (refused, accepted) = (0, 0)
        for place in whole.indices {
            for value in [whole[place] ^ 1, whole[place] ^ 0x80, UInt8(ascii: "9"), UInt8(ascii: "]")] {
                var bytes = whole
                bytes[place] = value
                let one = outcome(bytes)
                #expect(one == outcome(bytes, pieces: { 1 }), "byte \(place) became \(value)")
                if one.hasPrefix("at byte") { refused += 1 } else { accepted += 1 }
            }
        }
        #expect(refused > 1_000 && accepted > 100, "\(refused) \(accepted)")
    }

    private func outcome(_ bytes: [UInt8], pieces: @escaping () -> Int = { .max }) -> String {
        do {
            let graph = SnapshotGraph(try read(bytes, pieces: pieces))
            return "\(graph.summary(byLocation: true)) \(graph.statistics())"
        } catch { return "\(error)" }
    }
}

func residentKiB() throws -> Int { try statusLine("VmRSS:") }
func mostReservedKiB() throws -> Int { try statusLine("VmPeak:") }

private func statusLine(_ name: String) throws -> Int {
    let file = try #require(fopen("/proc/self/status", "r"))
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix(name), let value = text.split(whereSeparator: { !$0.isNumber }).first { return try #require(Int(value)) }
    }
    throw Missing(file: name)
}
