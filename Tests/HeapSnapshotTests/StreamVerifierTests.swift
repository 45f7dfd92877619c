import HeapSnapshot
import Testing
import Units

@Suite struct StreamVerifierTests {
    /// Counts as Python's json module reads them from the same files.
    @Test(arguments: [
        ("n14-empty", 30_630, 126_869, 19_497, 6), ("n20-leak-after", 46_339, 199_809, 23_218, 7), ("n22-8m", 112_182, 426_043, 40_367, 7),
        ("n24-internals", 62_794, 263_854, 29_706, 6), ("n24-tracked", 56_680, 244_002, 27_758, 7), ("n26-empty", 58_006, 250_480, 28_547, 6),
    ])
    func realSnapshotsAreComplete(name: String, nodes: Int, edges: Int, strings: Int, fields: Int) throws {
        let bytes = try fixture(name)
        guard case .complete(let header) = verdict(on: bytes) else {
            Issue.record("\(name): \(verdict(on: bytes))")
            return
        }
        #expect(header.nodeCount == nodes && header.edgeCount == edges && header.stringCount == strings && header.nodeFields.count == fields)
        #expect(header.edgeFields == ["type", "name_or_index", "to_node"])
        var random = SplitMix(state: 7)
        for length in [bytes.count - 1, bytes.count - 2] + (0..<5).map({ _ in Int.random(in: 0..<bytes.count, using: &random) }) {
            guard case .truncated(at: ByteCount(length), _) = verdict(on: Array(bytes[..<length])) else {
                Issue.record("\(name) cut at \(length): \(verdict(on: Array(bytes[..<length])))")
                continue
            }
        }
        #expect(verdict(on: bytes) == verdict(on: bytes) { Int.random(in: 1...70_000, using: &random) })
    }

    @Test(arguments: [true, false]) func everyCutIsATruncation(lineBreaks: Bool) {
        let bytes = Array(smallSnapshot(lineBreaks: lineBreaks).utf8)
        let closing = bytes.lastIndex(of: UInt8(ascii: "}"))!
        for length in 0...bytes.count {
            switch verdict(on: Array(bytes[..<length])) {
            case .complete: #expect(length > closing, "cut at \(length)")
            case .truncated(let at, _): #expect(length <= closing && at == ByteCount(length))
            case .invalid(let at, let reason): Issue.record("cut at \(length): invalid at \(at.bytes), \(reason)")
            }
        }
    }

    /// One byte changed, inserted or removed, in any place: the cut of the stream never changes the answer, and nothing traps.
    @Test(arguments: [true, false]) func piecesDoNotMatter(lineBreaks: Bool) {
        let whole = Array(smallSnapshot(nodes: 300, lineBreaks: lineBreaks).utf8)
        var random = SplitMix(state: lineBreaks ? 1 : 2)
        var broken = 0
        let replacements = Array("0,-]}[{\":\n x\\\0".utf8) + [0xFF, 0x1F]
        for round in 0..<150 {
            var bytes = whole
            if round > 0 {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                switch round % 3 {
                case 0: bytes[place] = replacements.randomElement(using: &random)!
                case 1: bytes.insert(replacements.randomElement(using: &random)!, at: place)
                default: bytes.remove(at: place)
                }
            }
            let expected = verdict(on: bytes)
            if case .complete = expected {} else { broken += 1 }
            #expect(verdict(on: bytes) { 1 } == expected, "round \(round)")
            #expect(verdict(on: bytes) { Int.random(in: 1...3_000, using: &random) } == expected, "round \(round)")
        }
        #expect(broken > 50)
    }

    static let head = #"{"snapshot":{"meta":{"node_fields":["a","b"],"edge_fields":["c"]},"node_count":2,"edge_count":1},"#

    static let unfinished: [String] = [
        "", "   ", "{", head, head + #""nodes":["# + String(repeating: "1,", count: 100_000),
        head + #""nodes":[1,2,3,4],"edges":[5],"strings":["never closed"#,
    ]

    @Test(arguments: unfinished) func unfinishedTextsAreTruncated(text: String) {
        guard case .truncated(let at, let expected) = verdict(on: text) else {
            Issue.record("\(verdict(on: text))")
            return
        }
        #expect(at == ByteCount(text.utf8.count) && !expected.isEmpty)
    }

    /// `§` stands before the byte that is wrong and is not part of the text.
    static let hostile: [String] = [
        "§\u{1F}\u{8}", "§null", "§[]", "{§}", #"{"snapshot":§[]}"#, #"{"nodes§":[]}"#, #"{"snapshot":{§}}"#,
        #"{"snapshot":{"meta":{"node_fields":["a"],"edge_fields":["b"]},"node_count":9223372036854775807999,"edge_count":1§}}"#,
        #"{"snapshot":{"meta":{"node_fields":["a","b"],"edge_fields":["b"]},"node_count":9223372036854775807,"edge_count":1§}}"#,
        #"{"snapshot":{"meta":{"node_fields":[],"edge_fields":["b"]},"node_count":1,"edge_count":1§}}"#,
        #"{"snapshot":{"meta":{"node_fields":["a"],"edge_fields":["b"]},"node_count":-1,"edge_count":1§}}"#,
        #"{"snapshot":{"meta":"# + String(repeating: "[", count: 5_000) + String(repeating: "]", count: 5_000) + "§}}",
        head + #""nodes":[1,2,3§],"#, head + #""nodes":[1,2,3,4,5§],"#, head + #""nodes":[1,§,2]"#, head + #""nodes":[1 §2]"#,
        head + #""nodes":[1,§]"#,
        head + #""nodes":[1,§[2]]"#, head + #""nodes":[1§.5]"#, head + "\"nodes\":[1§\0]", head + #""nodes":[1,2,3,4],"nodes§":[]"#,
        head + #""nodes":[1,2,3,4],"edges":[1],"strings":[]}§x"#, head + #""nodes":[1,2,3,4],"edges":[1]§}"#,
        head + "\"nodes\":[1,2,3,4],\"edges\":[1],\"strings\":[\"a§\nb\"]}", head + #""nodes":[1,2,3,4],"edges":[1],"x":[§}]"#,
        head + "\"" + String(repeating: "k", count: 64) + "§k\":1",
    ]

    @Test(arguments: hostile) func hostileTextsAreInvalid(marked: String) {
        let parts = marked.split(separator: "§", omittingEmptySubsequences: false)
        guard case .invalid(let at, let reason) = verdict(on: parts.joined()) else {
            Issue.record("\(verdict(on: parts.joined()))")
            return
        }
        #expect(at == ByteCount(parts[0].utf8.count) && !reason.isEmpty, "\(reason)")
    }

    @Test func aHeaderIsBounded() {
        let text = #"{"snapshot":{"meta":""# + String(repeating: "x", count: 2 << 20)
        #expect(verdict(on: text) == .invalid(at: ByteCount(12 + (1 << 20)), reason: "a header of more than 1048576 bytes"))
    }

    @Test func unknownSectionsArePassedOver() {
        let deep = String(repeating: "[1,{\"a\":", count: 20_000) + "0" + String(repeating: "}]", count: 20_000)
        let text = Self.head + #""new":{"a":[null,true,1e9,"]"]},"word":12 ,"text":"x","nodes":[1,2,3,4],"edges":[5],"deep":\#(deep),"strings":[]}"#
        guard case .complete(let header) = verdict(on: text) else {
            Issue.record("\(verdict(on: text))")
            return
        }
        #expect(header.nodeCount == 2 && header.stringCount == 0)
    }
}
