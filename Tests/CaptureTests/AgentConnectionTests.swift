import AgentProtocol
import Foundation
import Testing
import Units

@testable import Capture
@testable import Linux

/// One after the other: they all are the agent of the one process that runs them.
@Suite(.serialized, .timeLimit(.minutes(1)))
struct AgentConnectionTests {
    private static let hello =
        #"{"type":"hello","protocol":2,"agent":"0.1.0","node":"v24.19.0","pid":7,"startTime":9,"missing":[],"isolates":[{"id":0,"main":true,"threadId":7}]}"#
    private static let leak = #"{"type":"leak","isolate":0,"start":1,"end":2,"growth":3,"reason":"heap growth"}"#

    /// Opens a connection to an agent that says `bytes` at once and then nothing more.
    private func open(saying bytes: [UInt8], patience: Duration = .seconds(10)) async throws -> (AgentConnection, agent: StreamSocket) {
        let agent = try FakeAgent()
        async let connection = AgentConnection.open(to: agent.process, as: .observer, table: ProcessTable(), patience: patience)
        let theirs = try await agent.accept()
        try theirs.send(bytes)
        return (try await connection, theirs)
    }

    private func failure(saying bytes: [UInt8], patience: Duration = .seconds(10)) async throws -> AgentConnection.Failure? {
        do {
            let (connection, _) = try await open(saying: bytes, patience: patience)
            await connection.close()
            return nil
        } catch let failure as AgentConnection.Failure { return failure }
    }

    // MARK: opening

    @Test func saysHello() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        #expect(connection.hello.agent == "0.1.0" && connection.hello.node == "v24.19.0" && connection.hello.pid == 7)
        #expect(connection.hello.isolates.map(\.id) == [0])
        #expect(await !connection.isClosed)
        await connection.close()
        for await _ in requests(on: agent) { Issue.record("nothing was asked") }
    }

    @Test func helloInPieces() async throws {
        let agent = try FakeAgent()
        async let opening = AgentConnection.open(to: agent.process, as: .observer, table: ProcessTable(), patience: .seconds(10))
        let theirs = try await agent.accept()
        for byte in framed(Self.hello) {
            try theirs.send([byte])
            if byte % 16 == 0 { try await Task.sleep(for: .milliseconds(1)) }
        }
        let connection = try await opening
        #expect(connection.hello.agent == "0.1.0")
        await connection.close()
    }

    @Test func nobodyListens() async throws {
        let agent = try FakeAgent(listens: false)
        await #expect(throws: AgentConnection.Failure.noAgent) {
            try await AgentConnection.open(to: agent.process, as: .observer, table: ProcessTable())
        }
    }

    @Test func anotherIsConnected() async throws { #expect(try await failure(saying: framed(#"{"type":"busy"}"#)) == .busy) }

    @Test func aLaterProtocol() async throws {
        let later = Self.hello.replacing(#""protocol":2"#, with: #""protocol":3"#)
        #expect(try await failure(saying: framed(later)) == .notUnderstood("it speaks protocol 3, this heapsnapd 2"))
    }

    @Test(
        arguments: [
            (#"{"type":"controls","id":1}"#, nil), (#"{"type":"failed","id":1,"code":"busy"}"#, .busy),
            (#"{"type":"failed","id":1,"code":"unknownType"}"#, .notUnderstood("it did not let us control it")),
        ] as [(String, AgentConnection.Failure?)])
    func takesControl(answer: String, failure: AgentConnection.Failure?) async throws {
        let agent = try FakeAgent()
        let opening = Task { try await AgentConnection.open(to: agent.process, as: .controller, table: ProcessTable(), patience: .seconds(10)) }
        let theirs = try await agent.accept()
        try theirs.send(framed(Self.hello))
        var asked = requests(on: theirs).makeAsyncIterator()
        #expect(await asked.next() == #"{"id":1,"type":"control"}"#)
        try theirs.say(answer)
        do {
            await (try opening.value).close()
            #expect(failure == nil)
        } catch let error as AgentConnection.Failure { #expect(error == failure) }
        #expect(await asked.next() == nil, "the agent sees the end")
    }

    /// The agent's thread answers also while JavaScript is blocked; what stays silent hangs for good.
    @Test func silence() async throws {
        let began = ContinuousClock.now
        #expect(try await failure(saying: [], patience: .milliseconds(100)) == .notUnderstood("it said nothing within 100ms"))
        #expect(ContinuousClock.now - began >= .milliseconds(100))
        #expect(
            try await failure(saying: Array(framed(Self.hello).dropLast()), patience: .milliseconds(100))
                == .notUnderstood("it said nothing within 100ms"))
    }

    /// As the agent does with a user that is neither root nor its own.
    @Test func closesWithoutAWord() async throws {
        let agent = try FakeAgent()
        let opening = Task { try await AgentConnection.open(to: agent.process, as: .observer, table: ProcessTable(), patience: .seconds(10)) }
        do { _ = try await agent.accept() }
        await #expect(throws: AgentConnection.Failure.notUnderstood("it closed the connection without a word")) { try await opening.value }
    }

    @Test(arguments: [
        Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8), [0, 0, 0, 0], framed("rubbish"), framed("{}"), framed(leak), framed(#"{"type":"hello"}"#),
        framed(#"{"type":"hello","protocol":2,"agent":"0.1.0","node":"v24.19.0","pid":"7","isolates":[]}"#), framed(#"{"type":"weather"}"#),
    ])
    func garbage(bytes: [UInt8]) async throws {
        guard case .notUnderstood = try await failure(saying: bytes) else {
            Issue.record("taken for an agent: \(String(decoding: bytes, as: UTF8.self))")
            return
        }
    }

    /// Abstract names belong to whoever binds them first.
    @Test func anotherProcessListensInItsPlace() async throws {
        let agent = try FakeAgent(listens: false)
        let other = try agent.handOver()
        defer {
            kill(other.pid.rawValue, SIGKILL)
            waitpid(other.pid.rawValue, nil, 0)
        }
        let deadline = ContinuousClock.now + .seconds(10)
        while try ProcessTable().abstractListeners(agent.process.identity.pid)?.isEmpty == true, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        await #expect(throws: AgentConnection.Failure.notUnderstood("process \(other.pid) listens in its place")) {
            try await AgentConnection.open(to: agent.process, as: .observer, table: ProcessTable())
        }
    }

    // MARK: asking

    @Test func answersFindWhoAsked() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        async let isolates = connection.ask(.isolates())
        var asked = requests(on: agent).makeAsyncIterator()
        #expect(await asked.next() == #"{"id":1,"type":"isolates"}"#)
        async let armed = connection.ask(.arm(isolate: nil))
        #expect(await asked.next() == #"{"id":2,"kind":"nearHeapLimit","type":"arm"}"#)
        try agent.say(
            #"{"type":"armed","id":77}"#, "rubbish", Self.leak, #"{"type":"armed","id":2}"#,
            #"{"type":"isolates","id":1,"isolates":[{"id":3,"main":false,"threadId":8}]}"#)
        #expect(try await armed == .done(id: 2, type: "armed"))
        guard case .isolates(1, let found, 0)? = try await isolates else {
            Issue.record("no isolates")
            return
        }
        #expect(found.map(\.id) == [3])
        await connection.close()
    }

    /// `capture` has two: `forked`, and `ended` much later.
    @Test func severalAnswersToOneRequest() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        let (id, answers) = try await connection.send(.capture(isolate: 0, timeout: 2))
        try agent.say(#"{"type":"forked","id":\#(id),"isolate":0,"reason":"request","childPid":5,"pause":0.002,"fork":0.001}"#)
        try agent.say(#"{"type":"ended","id":\#(id),"childPid":5,"exitCode":75}"#)
        var kinds: [String] = []
        for await answer in answers {
            if case .forked(_, let fork) = answer { kinds.append("forked \(fork.childPid)") }
            if case .ended(_, let end) = answer {
                kinds.append("ended \(end.exitCode ?? -1)")
                break
            }
        }
        #expect(kinds == ["forked 5", "ended 75"])
        await connection.close()
    }

    @Test func eventsComeUnasked() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        try agent.say(Self.leak)
        guard case .leak(let leak)? = await first(of: connection.events) else {
            Issue.record("no event")
            return
        }
        #expect(leak.growth == 3)
        await connection.close()
    }

    /// Whether two messages come in one piece is chance.
    @Test func whatComesWithTheHelloIsNotLost() async throws {
        let (connection, _) = try await open(saying: framed(Self.hello) + framed(Self.leak))
        guard case .leak? = await first(of: connection.events, within: 2) else {
            Issue.record("the leak is lost")
            return
        }
        await connection.close()
    }

    // MARK: the end

    /// The service dies, or the agent's thread: whoever waits is told by nil, and nobody waits for ever.
    @Test func theAgentGoesWhileARequestWaits() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        let waiting = Task { try await connection.ask(.isolates()) }
        var asked = requests(on: agent).makeAsyncIterator()
        #expect(await asked.next() != nil)
        agent.shutDown()
        #expect(try await waiting.value == nil)
        for await _ in connection.events { Issue.record("there was no event") }
        #expect(await connection.isClosed)
        await #expect(throws: KernelError.self) { try await connection.ask(.isolates()) }
    }

    @Test func weCloseWhileARequestWaits() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        let waiting = Task { try await connection.ask(.statistics) }
        var asked = requests(on: agent).makeAsyncIterator()
        #expect(await asked.next() != nil)
        await connection.close()
        #expect(try await waiting.value == nil)
        #expect(await asked.next() == nil, "the agent sees the end")
    }

    /// It has lost its place in the stream: what was whole before counts, and it must not go on taking us for its controller.
    @Test func theAgentBreaksTheStream() async throws {
        let (connection, agent) = try await open(saying: framed(Self.hello))
        let waiting = Task { try await connection.ask(.statistics) }
        var asked = requests(on: agent).makeAsyncIterator()
        #expect(await asked.next() != nil)
        try agent.send(framed(Self.leak) + [0, 0, 0, 0])
        #expect(try await waiting.value == nil)
        #expect(await asked.next() == nil)
        guard case .leak? = await first(of: connection.events) else {
            Issue.record("the leak is lost")
            return
        }
    }
}
