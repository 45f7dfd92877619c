import AgentProtocol
import Dispatch
import HeapSnapshot
import Linux
import SnapshotStore
import Synchronization
import Units

/// Copies are read as they write: not behind a file of another service that is being compressed.
private let copyQueue = DispatchQueue(label: "heapsnapd.copy", qos: .utility, attributes: .concurrent)

/// The pipe and the sockets of one copy, before the agent has its ends.
struct CopyChannels {
    let control: (ours: StreamSocket, theirs: StreamSocket)
    let output: (read: OwnedDescriptor, write: OwnedDescriptor)

    init() throws {
        control = try StreamSocket.pair()
        output = try widePipe()
    }

    /// Passes the other ends on with a request, and lets go of them: the end of the copy is to be the end of its bytes.
    consuming func hand(_ send: ([Int32]) async throws -> AsyncStream<AgentMessage>) async throws -> AsyncStream<AgentMessage> {
        defer { withExtendedLifetime((control.theirs, output.write)) {} }
        return try await send([output.write.descriptor.rawValue, control.theirs.descriptor])
    }
}

/// What has been seen of a copy so far.
struct CopyState: Sendable {
    /// In our pid namespace, as the kernel told it with the copy's first message.
    var pid: ProcessID?
    var phase = "waiting"
    var step: (done: UInt64, total: UInt64?) = (0, nil)
    var isDone = false
    /// Taken into the store so far.
    var bytes = ByteCount.zero
    /// Nothing more is read: it has ended, or the store took no more.
    var isRead = false
    var fork: AgentFork?
    var end: AgentEnd?
    var home: CaptureCgroup?
    /// It must not begin, or cannot be moved into its cgroup.
    var refusal: Refusal?
}

/// Follows one copy from its first word to its end. What it writes goes straight into the store, verified on the way.
final class CopySession: Sendable {
    private let control: StreamSocket
    private let output: OwnedDescriptor
    private let makeHome: @Sendable () throws -> CaptureCgroup?
    let state = Mutex(CopyState())
    /// One element when the copy is there; ends with its control socket. One consumer.
    let arrival: AsyncStream<Void>
    private let arrived: AsyncStream<Void>.Continuation

    /// - Parameter makeHome: asked when the copy is there, which waits for the answer 5 s at most: its cgroup; nil: it stays in the service's. Throws a
    ///   `Refusal` where it must not begin.
    init(control: StreamSocket, output: OwnedDescriptor, makeHome: @escaping @Sendable () throws -> CaptureCgroup?) {
        self.control = control
        self.output = output
        self.makeHome = makeHome
        (arrival, arrived) = AsyncStream.makeStream()
    }

    /// What the copy says, until it closes its end.
    func listen() async {
        defer { arrived.finish() }
        var decoder = FrameDecoder()
        for await chunk in control.received {
            do { for text in try decoder.append(chunk.bytes) { take(text, from: chunk.sender) } } catch {
                for text in error.messages { take(text, from: chunk.sender) }
                return
            }
        }
    }

    private func take(_ text: [UInt8], from sender: ProcessID?) {
        if let message = try? CopyMessage.decode(text) { handle(message, from: sender) }
    }

    private func handle(_ message: CopyMessage, from sender: ProcessID?) {
        switch message {
        case .ready: place(sender)
        case .progress(let phase, let done, let total): state.withLock { ($0.phase, $0.step) = (phase, (done, total)) }
        case .phase(let phase): state.withLock { ($0.phase, $0.step) = (phase, (0, nil)) }
        case .done: state.withLock { $0.isDone = true }
        case .unknown: break
        }
    }

    /// Into its cgroup before it begins: its new pages are charged there from the first one on.
    private func place(_ sender: ProcessID?) {
        state.withLock { $0.pid = sender }
        // From now on it is somebody's, before anything that takes time.
        arrived.yield()
        do {
            // A second copy, near V8's limit, goes where the first was.
            let home = try state.withLock { $0.home } ?? makeHome()
            state.withLock { $0.home = home }
            if let home {
                guard let sender else { throw LendingObstacle("the copy is in a pid namespace that cannot be seen from here") }
                guard try home.add(sender) else { return }
            }
            try control.send(CopyRequest.go())
        } catch {
            let refusal = error as? Refusal ?? Refusal(.copyFailed, "the copy cannot be moved into its cgroup: \(error)")
            state.withLock { $0.refusal = refusal }
            end()
        }
    }

    /// What the agent says of it, to its end.
    func follow(_ answers: AsyncStream<AgentMessage>) async {
        for await answer in answers {
            switch answer {
            // Near V8's limit a second one may follow at once, and the first's end says nothing then.
            case .forked(_, let fork): state.withLock { $0.fork = fork }
            case .ended(_, let end):
                let isLast = state.withLock { state in
                    guard state.fork.map({ $0.childPid == end.childPid }) ?? true else { return false }
                    state.end = end
                    return true
                }
                if isLast { return }
            default: continue
            }
        }
    }

    /// Reads to the end of the pipe. Cancelled: the copy is told to go, which ends the pipe.
    func ingest(into site: CaptureSite, id: SnapshotID) async throws -> Ingested {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                copyQueue.async { [self] in
                    let result = Result {
                        var verifier = StreamVerifier()
                        return try site.store.ingest(
                            from: output.descriptor, id: id, compression: site.compression, level: site.compressionLevel, verifier: &verifier
                        ) { read in state.withLock { $0.bytes = read } }
                    }
                    state.withLock { $0.isRead = true }
                    returnFreeMemory()
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            end()
        }
    }

    /// Its control socket's end is the copy's (docs/agent-protocol.md).
    func end() { control.shutDown() }
}
