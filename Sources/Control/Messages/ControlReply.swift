/// What the daemon answers, a line each. `status`, `stored`, `done` and `error` are the last of a connection; one that ends without has lost its daemon.
public enum ControlReply: Sendable, Hashable {
    case status(DaemonStatus)
    /// How far a capture is.
    case progress(DumpProgress)
    /// The capture is done, and its record published.
    case stored(StoredSnapshot)
    case event(WatchEvent)
    /// So many events before this one were not sent, since the client did not read.
    case dropped(Int)
    case done
    case error(ControlFailure)
    /// From a later daemon.
    case unknown(type: String)

    var isLast: Bool {
        switch self {
        case .status, .stored, .done, .error: true
        case .progress, .event, .dropped, .unknown: false
        }
    }
}

/// What `dump` brought.
public struct StoredSnapshot: Sendable, Hashable, Codable {
    /// Of the file, for who may read the store; nil where nothing was stored.
    public var path: String?
    /// docs/json.md, *The record*. It is the store's, and Control passes it on as it is.
    public var record: JSONDocument

    public init(path: String?, record: JSONDocument) {
        self.path = path
        self.record = record
    }
}

/// How far a capture is, for people.
public struct DumpProgress: Sendable, Hashable, Codable {
    /// `queued` until it is its turn; what follows depends on the way of capturing.
    public var text: String

    public init(_ text: String) { self.text = text }
}

extension ControlReply: Codable {
    private struct Head: Codable {
        var type: String
        var error: ControlFailure?
        var dropped: Int?
    }

    public init(from decoder: any Decoder) throws {
        let head = try Head(from: decoder)
        switch head.type {
        case "status": self = .status(try DaemonStatus(from: decoder))
        case "progress": self = .progress(try DumpProgress(from: decoder))
        case "stored": self = .stored(try StoredSnapshot(from: decoder))
        case "dropped": self = .dropped(head.dropped ?? 0)
        case "done": self = .done
        case "error": self = .error(head.error ?? ControlFailure("unknown"))
        default: self = try WatchEvent(type: head.type, from: decoder).map { .event($0) } ?? .unknown(type: head.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        func head(_ type: String, error: ControlFailure? = nil, dropped: Int? = nil) throws {
            try Head(type: type, error: error, dropped: dropped).encode(to: encoder)
        }
        switch self {
        case .status(let status):
            try head("status")
            try status.encode(to: encoder)
        case .progress(let progress):
            try head("progress")
            try progress.encode(to: encoder)
        case .stored(let stored):
            try head("stored")
            try stored.encode(to: encoder)
        case .event(let event): try event.encode(to: encoder)
        case .dropped(let count): try head("dropped", dropped: count)
        case .done: try head("done")
        case .error(let failure): try head("error", error: failure)
        case .unknown(let type): try head(type)
        }
    }
}
