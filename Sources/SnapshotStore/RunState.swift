import Glibc
import SystemPackage
public import Units

/// What a `run` is at. A file of it outlives a `run` that was killed, and tells the next start what was lost.
public struct RunState: Codable, Sendable, Hashable {
    public var version = SnapshotRecord.currentVersion
    public var service: String
    /// `run` itself: whether it lives is the caller's to find out.
    public var supervisor: SnapshotRecord.Instance
    /// The service's process.
    public var instance: SnapshotRecord.Instance?
    public var startedAt: Timestamp
    /// Name below incoming/.
    public var incoming: String?
    /// It ended by itself, before a file in `incoming` could be taken in: the next start does that, and nothing was lost.
    public var leftFiles: Bool?

    public init(service: String, supervisor: ProcessIdentity, startedAt: Timestamp) {
        self.service = service
        self.supervisor = SnapshotRecord.Instance(supervisor)
        self.startedAt = startedAt
    }

    var fileName: String { "\(supervisor.pid)-\(supervisor.startTime).json" }
}

extension SnapshotStore {
    public func write(_ state: RunState) throws { try writeFile(try RecordCodec.encode(state), as: state.fileName, in: part(.state)) }

    public func remove(_ state: RunState) throws(StoreError) {
        let directory = try part(.state)
        try naming("delete", "\(directory.path)/\(state.fileName)") { () throws(Errno) in try directory.remove(state.fileName) }
    }

    /// Whether its `run` still locks its incoming directory: one in another container may live although no process here has its pid.
    public func isHeld(_ state: RunState) -> Bool {
        guard let name = state.incoming, let directory = try? part(.incoming).subdirectory(name) else { return false }
        return flock(directory.descriptor.rawValue, LOCK_SH | LOCK_NB) != 0
    }

    /// All of them, those of living runs too. One that cannot be read is left out and left alone.
    public func runStates() throws(StoreError) -> [RunState] {
        let directory = try part(.state)
        let names = try naming("list", directory.path) { () throws(Errno) in try directory.names() }
        return names.sorted().compactMap { name in
            guard name.hasSuffix(".json"), let text = try? directory.read(name), let state = try? RecordCodec.decode(RunState.self, from: text),
                state.fileName == name
            else { return nil }
            return state
        }
    }
}
