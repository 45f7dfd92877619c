/// What heapsnapd asks of the agent. Each is answered under its own number; docs/agent-protocol.md tells by what.
public enum AgentRequest: Sendable, Hashable {
    /// To be the one that may ask for all; the others observe, and may ask for isolates, statistics and a subscription.
    case control
    /// A copy of this isolate's process that takes its snapshot. Two descriptors come with it: where the snapshot is written to, and the control socket.
    /// - `timeout`: seconds until the isolate must have been reached (contract 19: 2).
    /// - `exactIds`: for so many seconds, at most 3,600, the isolate keeps object ids, comparable between its copies, at a cost.
    case capture(isolate: Int, timeout: Double, exactIds: Double? = nil)
    /// A copy as soon as V8 comes near its heap limit; the same two descriptors.
    case arm(isolate: Int?)
    case disarm(guardID: Int)
    /// V8's limit ends the process without a snapshot, Node's own included, until something is armed or the connection ends.
    case mask
    case cancel(capture: Int)
    /// nil: all.
    case isolates(only: Int? = nil)
    case subscribe(collections: Bool, leaks: Bool)
    case statistics
    case forgetIds(isolate: Int?)

    /// With its length before it.
    public func encoded(id: Int) throws -> [UInt8] {
        var wire = Wire(id: id)
        switch self {
        case .control: wire.type = "control"
        case .capture(let isolate, let timeout, let exactIds):
            (wire.type, wire.isolate, wire.timeout, wire.exactIds) = ("capture", isolate, timeout, exactIds)
        case .arm(let isolate): (wire.type, wire.kind, wire.isolate) = ("arm", "nearHeapLimit", isolate)
        case .disarm(let guardID): (wire.type, wire.guard) = ("disarm", guardID)
        case .mask: wire.type = "mask"
        case .cancel(let capture): (wire.type, wire.capture) = ("cancel", capture)
        case .isolates(let isolate): (wire.type, wire.isolate) = ("isolates", isolate)
        case .subscribe(let collections, let leaks):
            (wire.type, wire.events) = ("subscribe", (collections ? ["gc"] : []) + (leaks ? ["leak"] : []))
        case .statistics: wire.type = "statistics"
        case .forgetIds(let isolate): (wire.type, wire.isolate) = ("forgetIds", isolate)
        }
        return try Frame.encode(wire)
    }

    private struct Wire: Encodable {
        var type = ""
        var id: Int
        var isolate: Int?
        var timeout: Double?
        var exactIds: Double?
        var kind: String?
        var `guard`: Int?
        var capture: Int?
        var events: [String]?

        init(id: Int) { self.id = id }
    }
}

/// What heapsnapd says to a copy: it is where it belongs, and may begin.
public enum CopyRequest {
    public static func go() throws -> [UInt8] { try Frame.encode(["type": "go"]) }
}
