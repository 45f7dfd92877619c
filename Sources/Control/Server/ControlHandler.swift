public import Units

/// What the daemon does for its peers. `ControlServer` has read the request and decided that the peer may; the connection is its business too.
///
/// Each method runs in a task of its own, which is cancelled when the peer closes the connection.
public protocol ControlHandler: Sendable {
    /// The process behind a target; nil where there is none. What is looked up here is what the other methods are given: a pid is never an identity.
    func process(_ target: ControlTarget) async throws(ControlFailure) -> ControlledProcess?

    /// - Parameter visibility: which processes and queued captures may be told of.
    func status(for visibility: Visibility) async throws(ControlFailure) -> DaemonStatus

    /// Returns when the capture is over, with whatever record it has. A refusal is thrown, with its code.
    ///
    /// Cancelled while it waits in the queue it is given up; once it has begun it goes on to its end and is stored, and nobody reads the answer.
    /// - Parameter progress: may be called from anywhere and as often as there is news; what the peer does not read is dropped.
    func dump(_ request: DumpRequest, of process: ControlledProcess, for peer: Peer, progress: @escaping @Sendable (DumpProgress) -> Void)
        async throws(ControlFailure) -> StoredSnapshot

    /// - Parameters:
    ///   - process: nil: all that `visibility` includes.
    /// - Returns: a stream that ends with the process, or when it is no longer read. Its buffer must be bounded, dropping the oldest.
    func watch(_ process: ControlledProcess?, interval: Duration, visibility: Visibility) async throws(ControlFailure) -> AsyncStream<WatchEvent>

    /// - Throws: with code 64 where the configuration has an error (`file:line:column: ...`); the old one stays.
    func reload() async throws(ControlFailure)
}

/// A process that a request names.
public struct ControlledProcess: Sendable, Hashable {
    public var identity: ProcessIdentity
    public var service: String
    /// Its user, where real, effective and saved user id are one; nil otherwise, and where it is not known: then it is root's and the group's alone.
    public var owner: UInt32?

    public init(identity: ProcessIdentity, service: String, owner: UInt32?) {
        self.identity = identity
        self.service = service
        self.owner = owner
    }
}
