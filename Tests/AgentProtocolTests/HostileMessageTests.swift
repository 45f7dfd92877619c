import AgentProtocol
import SeededNumbers
import Testing

/// The agent lives in the service, and the service is not to be trusted: heapsnapd may run as root. Nothing that it says may end us.
struct HostileMessageTests {
    private static let nested = String(repeating: "[", count: 60_000)
    private static let texts: [String: String] = [
        "empty": "",
        "blank": "   ",
        "no object": "[]",
        "a number": "7",
        "null": "null",
        "cut": #"{"type":"hel"#,
        "two values": #"{"type":"busy"}{"type":"busy"}"#,
        "no type": #"{"id":1}"#,
        "type is a number": #"{"type":1}"#,
        "type is null": #"{"type":null}"#,
        "id is a text": #"{"type":"armed","id":"5"}"#,
        "id is a fraction": #"{"type":"armed","id":1.5}"#,
        "id is beyond Int": #"{"type":"armed","id":9223372036854775808}"#,
        "id is huge": #"{"type":"armed","id":1e400}"#,
        "id is a list": #"{"type":"armed","id":[1]}"#,
        "armed without id": #"{"type":"armed"}"#,
        "failed without id": #"{"type":"failed","code":"busy"}"#,
        "forked without pause": #"{"type":"forked","id":1,"isolate":0,"reason":"request","childPid":1,"fork":0.1}"#,
        "pid beyond 32 bits": #"{"type":"forked","id":1,"isolate":0,"reason":"request","childPid":4294967297,"pause":0.1,"fork":0.1}"#,
        "pause beyond Double": #"{"type":"forked","id":1,"isolate":0,"reason":"request","childPid":1,"pause":1e999,"fork":0.1}"#,
        "faults below zero": #"{"type":"ended","id":1,"childPid":1,"exitCode":0,"minorFaults":-1}"#,
        "hello without isolates": #"{"type":"hello","protocol":1,"agent":"0.1.0","node":"v24.19.0","pid":1}"#,
        "hello with its protocol as text": #"{"type":"hello","protocol":"1","agent":"0.1.0","node":"v24.19.0","pid":1,"isolates":[]}"#,
        "isolates is an object": #"{"type":"isolates","id":1,"isolates":{}}"#,
        "an isolate without id": #"{"type":"isolates","id":1,"isolates":[{"main":true,"threadId":1}]}"#,
        "gc without stats": #"{"type":"gc","isolate":0,"time":1,"usedHeapSize":1,"heapSizeLimit":1}"#,
        "leak without reason": #"{"type":"leak","isolate":0,"start":1,"end":2,"growth":3}"#,
        "deep": nested,
        "deep in a member": #"{"type":"busy","x":\#(nested)"#,
        "deep and whole": #"{"type":"busy","x":\#(nested.prefix(30_000))\#(String(repeating: "]", count: 30_000))}"#,
        "half of a surrogate pair in the type": #"{"type":"\ud800"}"#,
    ]

    @Test(arguments: texts.keys.sorted())
    func isMalformed(name: String) throws {
        #expect(throws: AgentMessage.Malformed.self) { try AgentMessage.decode(Array(try #require(Self.texts[name]).utf8)) }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"type":7}"#, #"{"type":"progress","done":-1}"#, #"{"type":"progress","done":1e30}"#, #"{"type":"done","bytes":"many"}"#,
        #"{"type":"done","bytes":18446744073709551616}"#, #"{"type":"phase","phase":3}"#, nested,
    ])
    func ofACopyIsMalformed(text: String) {
        #expect(throws: AgentMessage.Malformed.self) { try CopyMessage.decode(Array(text.utf8)) }
    }

    @Test(arguments: [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80], [0x00]] as [[UInt8]])
    func invalidUTF8IsMalformed(bytes: [UInt8]) {
        #expect(throws: AgentMessage.Malformed.self) { try AgentMessage.decode(Array(#"{"type":"x"#.utf8) + bytes + Array(#""}"#.utf8)) }
        #expect(throws: AgentMessage.Malformed.self) { try AgentMessage.decode(Array(#"{"type":"busy"}"#.utf8) + bytes) }
        #expect(throws: AgentMessage.Malformed.self) {
            try CopyMessage.decode(Array(#"{"type":"phase","phase":"x"#.utf8) + bytes + Array(#""}"#.utf8))
        }
    }

    /// What goes into logs and onto terminals moves no cursor, ends no line, hides nothing and is short.
    @Test func textsArePrintable() throws {
        let evil = #"a\u001b[2J\r\nb\u202ec\u2028\u0000"#
        let clean = "a?[2J??b?c??"
        func decode(_ text: String) throws -> AgentMessage { try AgentMessage.decode(Array(text.utf8)) }
        guard case .leak(let leak) = try decode(#"{"type":"leak","isolate":0,"start":1,"end":2,"growth":3,"reason":"\#(evil)"}"#) else {
            Issue.record("no leak")
            return
        }
        #expect(leak.reason == clean)
        #expect(try decode(#"{"type":"failed","id":1,"code":"\#(evil)","message":"\#(evil)"}"#) == .failed(id: 1, code: clean, message: clean))
        #expect(try decode(#"{"type":"error","code":"\#(evil)","message":"\#(evil)"}"#) == .error(code: clean, message: clean))
        #expect(try decode(#"{"type":"\#(evil)"}"#) == .unknown(type: clean))
        guard
            case .hello(let hello) = try decode(
                #"{"type":"hello","protocol":2,"agent":"\#(evil)","node":"\#(evil)","pid":1,"missing":["\#(evil)"],"isolates":[]}"#)
        else {
            Issue.record("no hello")
            return
        }
        #expect(hello.agent == clean && hello.node == clean && hello.missing == [clean])
        #expect(try CopyMessage.decode(Array(#"{"type":"phase","phase":"\#(evil)"}"#.utf8)) == .phase(clean))
        guard
            case .failed(_, let code, let message) = try decode(
                #"{"type":"failed","id":1,"code":"é","message":"\#(String(repeating: "x", count: 50_000))"}"#)
        else {
            Issue.record("no failure")
            return
        }
        #expect(code == "é" && message.count == 201)
    }

    /// Of a later agent, in the same protocol: what it has more is passed over.
    @Test func whatIsNewIsNoError() throws {
        #expect(try AgentMessage.decode(Array(#"{"type":"weather","id":1,"sunny":true}"#.utf8)) == .unknown(type: "weather"))
        #expect(try AgentMessage.decode(Array(#"{"type":"armed","id":5,"since":[{"x":null}]}"#.utf8)) == .done(id: 5, type: "armed"))
        #expect(try CopyMessage.decode(Array(#"{"type":"song","phase":"intro"}"#.utf8)) == .unknown(type: "song"))
    }

    /// Any byte of any real message exchanged: another message or an error, never the end of us.
    @Test func damagedMessages() throws {
        var numbers = SeededNumbers(seed: 17)
        var malformed = 0
        for name in try goldenNames().sorted() {
            let whole = try golden(name)
            for _ in 0..<100 {
                var text = whole
                for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                    text[.random(in: text.indices, using: &numbers)] = .random(in: .min ... .max, using: &numbers)
                }
                do { _ = try AgentMessage.decode(text) } catch { malformed += 1 }
                do { _ = try CopyMessage.decode(text) } catch { malformed += 1 }
            }
        }
        #expect(malformed > 1_000, "most damage is noticed")
    }
}
