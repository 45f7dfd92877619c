public import AgentProtocol
public import Linux
public import Node
import Units

/// heapsnapd's end of the agent's socket (contract 18).
public actor AgentConnection {
    /// What the agent lets us ask for.
    public enum Role: Sendable {
        /// Everything; there is one at a time.
        case controller
        /// Isolates, statistics and a subscription; there are four at most, beside a controller.
        case observer
    }

    /// Why there is no connection.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// No agent listens in this process.
        case noAgent
        /// Another heapsnapd is its controller, or as many observe as may.
        case busy
        /// It speaks a protocol that we do not, or none, or it is not who it should be.
        case notUnderstood(String)

        public var description: String {
            switch self {
            case .noAgent: "no agent is loaded in it; start it by `heapsnapd run`"
            case .busy: "others use its agent; try again"
            case .notUnderstood(let reason): "its agent cannot be used: \(reason)"
            }
        }
    }

    public nonisolated let hello: AgentHello
    /// What it says unasked: collections and leaks. Ends with the connection. One consumer.
    public nonisolated let events: AsyncStream<AgentMessage>
    private let event: AsyncStream<AgentMessage>.Continuation
    private let socket: StreamSocket
    private var lastID = 0
    private var waiting: [Int: AsyncStream<AgentMessage>.Continuation] = [:]
    private(set) public var isClosed = false

    private init(_ socket: StreamSocket, _ hello: AgentHello) {
        self.socket = socket
        self.hello = hello
        (events, event) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(256))
    }

    /// - Parameter patience: for the hello; the agent's thread answers within milliseconds, also where JavaScript is blocked.
    /// - Throws: `Failure`, `KernelError`.
    public static func open(
        to process: NodeProcess, as role: Role, table: ProcessTable, patience: Duration = .seconds(2)
    ) async throws -> AgentConnection {
        let pid = process.identity.pid
        guard let name = try table.abstractListeners(pid)?.first(where: { $0.hasPrefix("heapsnapd.") }),
            let socket = try StreamSocket.connect(toAbstract: name, networkOf: pid, table: table)
        else { throw Failure.noAgent }
        // Whoever made the socket, not whoever has its name: a process of another pid namespace is 0 here, and found by its descriptors already.
        if let peer = socket.peer, peer != pid { throw Failure.notUnderstood("process \(peer) listens in its place") }
        let opening = try await opening(on: socket, patience: patience)
        guard case .hello(let hello) = opening.message else {
            throw opening.message == .busy ? Failure.busy : Failure.notUnderstood("it did not say hello")
        }
        guard hello.protocol == AgentHello.supportedProtocol else {
            throw Failure.notUnderstood("it speaks protocol \(hello.protocol), this heapsnapd \(AgentHello.supportedProtocol)")
        }
        let connection = AgentConnection(socket, hello)
        Task { await connection.receive(opening) }
        if role == .controller { try await connection.takeControl(patience) }
        return connection
    }

    private func takeControl(_ patience: Duration) async throws {
        let answer = try await ask(.control, patience: patience)
        if case .done(_, "controls")? = answer { return }
        close()
        if case .failed(_, "busy", _)? = answer { throw Failure.busy }
        throw Failure.notUnderstood("it did not let us control it")
    }

    /// - Returns: the agent's messages under this request's number, until the connection ends; the caller stops reading at the last one, and lets go of them.
    /// - Throws: `KernelError` where the connection is gone.
    public func send(_ request: AgentRequest, descriptors: [Int32] = []) throws -> (id: Int, answers: AsyncStream<AgentMessage>) {
        lastID += 1
        let id = lastID
        let (answers, answer) = AsyncStream.makeStream(of: AgentMessage.self)
        answer.onTermination = { [weak self] _ in Task { await self?.forget(id) } }
        if isClosed { answer.finish() } else { waiting[id] = answer }
        do { try socket.send(request.encoded(id: id), descriptors: descriptors) } catch {
            waiting.removeValue(forKey: id)?.finish()
            throw error
        }
        return (id, answers)
    }

    private func forget(_ id: Int) { waiting[id] = nil }

    /// The first answer to a request that has one; nil where the connection ends first, as it does here when a stopped or frozen agent does not answer.
    public func ask(_ request: AgentRequest, patience: Duration = .seconds(5)) async throws -> AgentMessage? {
        let timer = Task {
            try await Task.sleep(for: patience)
            close()
        }
        defer { timer.cancel() }
        let (_, answers) = try send(request)
        for await answer in answers { return answer }
        return nil
    }

    /// The agent forgets what it was asked to watch and to guard.
    public func close() {
        socket.shutDown()
        end()
    }

    private func end() {
        isClosed = true
        for answer in waiting.values { answer.finish() }
        waiting = [:]
        event.finish()
    }

    private func receive(_ opening: Opening) async {
        for text in opening.more { deliver(text) }
        var decoder = opening.decoder
        for await chunk in opening.received {
            do { for text in try decoder.append(chunk.bytes) { deliver(text) } } catch {
                for text in error.messages { deliver(text) }
                // It has lost its place, and would hold us for its controller.
                break
            }
        }
        close()
    }

    private func deliver(_ text: [UInt8]) {
        guard let message = try? AgentMessage.decode(text) else { return }
        if let id = message.id { waiting[id]?.yield(message) } else { event.yield(message) }
    }

    /// Its first message, and what else has come with it.
    private struct Opening {
        var message: AgentMessage
        var more: ArraySlice<[UInt8]>
        var received: AsyncStream<StreamSocket.Received>
        var decoder: FrameDecoder
    }

    private static func opening(on socket: StreamSocket, patience: Duration) async throws -> Opening {
        let received = socket.received
        let began = SystemClock.monotonic()
        let timer = Task {
            try await Task.sleep(for: patience)
            socket.shutDown()
        }
        defer { timer.cancel() }
        var decoder = FrameDecoder()
        for await chunk in received {
            let texts: [[UInt8]]
            do { texts = try decoder.append(chunk.bytes) } catch { throw Failure.notUnderstood("\(error)") }
            guard let text = texts.first else { continue }
            do { return Opening(message: try AgentMessage.decode(text), more: texts.dropFirst(), received: received, decoder: decoder) } catch {
                throw Failure.notUnderstood("\(error)")
            }
        }
        let isSilent = SystemClock.monotonic() - began >= patience
        throw Failure.notUnderstood(isSilent ? "it said nothing within \(patience.text)" : "it closed the connection without a word")
    }
}
