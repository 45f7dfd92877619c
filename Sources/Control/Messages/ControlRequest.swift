public import Units

/// What a command asks of the daemon: one request a connection, the first and only line that the client sends (docs/control-protocol.md).
public enum ControlRequest: Sendable, Hashable {
    case status
    case dump(DumpRequest)
    case watch(WatchRequest)
    case reload

    /// Of the protocol. A daemon refuses requests of another one.
    public static let version = 1
}

/// A process by its number, or the one that the daemon watches of a service.
public enum ControlTarget: Sendable, Hashable, CustomStringConvertible {
    case process(ProcessID)
    case service(String)

    public var description: String {
        switch self {
        case .process(let pid): "process \(pid)"
        case .service(let name): "service \(name)"
        }
    }
}

/// The options of `heapsnapd dump` that a peer may choose: none of them names a file or a signal.
public struct DumpRequest: Sendable, Hashable {
    public var target: ControlTarget
    /// Which isolate; nil: the main one.
    public var isolate: Int?
    public var noCopy = false
    public var noInPlace = false
    public var noLend = false
    public var acceptRisk = false
    public var assumeHeapsnapshotSignal = false
    /// nil: as the daemon's configuration says.
    public var maxPause: Duration?
    /// For how long the service keeps object ids, so that the snapshots within can be compared object by object; zero ends it.
    public var exactIDs: Duration?
    /// Why, in the words of who asks; it becomes the record's `detail`.
    public var reason: String?

    public init(_ target: ControlTarget) { self.target = target }
}

public struct WatchRequest: Sendable, Hashable {
    /// nil: all that the daemon watches.
    public var target: ControlTarget?
    /// Between two samples of one process, at least; 0.1 s is the least that is served.
    public var interval: Duration

    public init(_ target: ControlTarget?, interval: Duration) {
        self.target = target
        self.interval = interval
    }
}

extension ControlRequest: Codable {
    private struct Wire: Codable {
        var version: Int
        var type: String
        var pid: ProcessID?
        var service: String?
        var isolate: Int?
        var noCopy: Bool?
        var noInPlace: Bool?
        var noLend: Bool?
        var acceptRisk: Bool?
        var assumeHeapsnapshotSignal: Bool?
        var maxPause: Double?
        var exactIds: Double?
        var reason: String?
        var interval: Double?

        var target: ControlTarget? { pid.map { .process($0) } ?? service.map { .service($0) } }

        mutating func name(_ target: ControlTarget?) {
            switch target {
            case .process(let pid): self.pid = pid
            case .service(let name): service = name
            case nil: break
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let wire = try Wire(from: decoder)
        guard wire.version == Self.version else { throw Unfit.version(wire.version) }
        for text in [wire.service, wire.reason].compactMap(\.self) where !Self.isPresentable(text) { throw Unfit.text }
        switch wire.type {
        case "status": self = .status
        case "reload": self = .reload
        case "dump":
            guard let target = wire.target else { throw Unfit.missing("pid or service") }
            var request = DumpRequest(target)
            request.isolate = wire.isolate
            request.noCopy = wire.noCopy ?? false
            request.noInPlace = wire.noInPlace ?? false
            request.noLend = wire.noLend ?? false
            request.acceptRisk = wire.acceptRisk ?? false
            request.assumeHeapsnapshotSignal = wire.assumeHeapsnapshotSignal ?? false
            request.maxPause = wire.maxPause.map { Duration(inSeconds: max(0, $0)) }
            request.exactIDs = wire.exactIds.map { min(.seconds(3_600), Duration(inSeconds: max(0, $0))) }
            request.reason = wire.reason
            self = .dump(request)
        case "watch":
            self = .watch(WatchRequest(wire.target, interval: max(.milliseconds(100), Duration(inSeconds: wire.interval ?? 1))))
        default: throw Unfit.type(wire.type)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var wire = Wire(version: Self.version, type: name)
        switch self {
        case .status, .reload: break
        case .dump(let request):
            wire.name(request.target)
            wire.isolate = request.isolate
            wire.noCopy = request.noCopy ? true : nil
            wire.noInPlace = request.noInPlace ? true : nil
            wire.noLend = request.noLend ? true : nil
            wire.acceptRisk = request.acceptRisk ? true : nil
            wire.assumeHeapsnapshotSignal = request.assumeHeapsnapshotSignal ? true : nil
            wire.maxPause = request.maxPause?.inSeconds
            wire.exactIds = request.exactIDs?.inSeconds
            wire.reason = request.reason
        case .watch(let request):
            wire.name(request.target)
            wire.interval = request.interval.inSeconds
        }
        try wire.encode(to: encoder)
    }

    /// It will stand in records and on root's terminal: no escape sequences, no line breaks, and not a page.
    private static func isPresentable(_ text: String) -> Bool {
        text.utf8.count <= 1_024
            && text.unicodeScalars.allSatisfy { ![.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory) }
    }

    /// As on the wire and on the command line.
    var name: String {
        switch self {
        case .status: "status"
        case .dump: "dump"
        case .watch: "watch"
        case .reload: "reload"
        }
    }

    /// Why a line is no request of this protocol.
    enum Unfit: Error, Hashable, CustomStringConvertible {
        case version(Int)
        case type(String)
        case missing(String)
        case text

        var description: String {
            switch self {
            case .version(let version): "version \(version) of the protocol, this daemon speaks \(ControlRequest.version)"
            case .type(let type): "the daemon knows no request '\(type)'"
            case .missing(let what): "\(what) is missing"
            case .text: "service and reason are at most 1,024 bytes without control characters"
            }
        }
    }
}
