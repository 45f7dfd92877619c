import FoundationEssentials

/// What the agent says. `id` is that of the request it answers.
public enum AgentMessage: Sendable, Hashable {
    case hello(AgentHello)
    /// As many are connected as may be.
    case busy
    /// The request made no sense; the connection ends.
    case error(code: String, message: String)
    case failed(id: Int, code: String, message: String)
    case forked(id: Int, AgentFork)
    case ended(id: Int, AgentEnd)
    /// `more`: how many did not fit into the message.
    case isolates(id: Int, [AgentIsolate], more: Int)
    case statistics(id: Int, [AgentStatistics])
    /// `controls`, `armed`, `disarmed`, `masked`, `cancelled`, `subscribed`, `forgotten`.
    case done(id: Int, type: String)
    case collection(AgentCollection)
    case leak(AgentLeak)
    /// From a later agent.
    case unknown(type: String)

    public struct Malformed: Error, Sendable, Hashable, CustomStringConvertible {
        public let description: String
        init(description: String) { self.description = description.printable }
    }

    /// `{"type":"failed","id":3,"code":"notInterruptible","message":"…"}`
    public static func decode(_ text: [UInt8]) throws(Malformed) -> AgentMessage {
        do {
            let (decoder, data) = (JSONDecoder(), Data(text))
            let head = try decoder.decode(Head.self, from: data)
            func body<Body: Decodable>(_ type: Body.Type) throws -> Body { try decoder.decode(type, from: data) }
            func id() throws -> Int {
                guard let id = head.id else { throw Malformed(description: "a \(head.type) without an id") }
                return id
            }
            switch head.type {
            case "hello": return .hello(try body(AgentHello.self).printable)
            case "busy": return .busy
            case "error": return .error(code: head.code?.printable ?? "unknown", message: head.message?.printable ?? "")
            case "failed": return .failed(id: try id(), code: head.code?.printable ?? "unknown", message: head.message?.printable ?? "")
            case "forked": return .forked(id: try id(), try body(AgentFork.self))
            case "ended": return .ended(id: try id(), try body(AgentEnd.self))
            case "isolates":
                let list = try body(List<AgentIsolate>.self)
                return .isolates(id: try id(), list.isolates, more: list.more ?? 0)
            case "statistics": return .statistics(id: try id(), try body(List<AgentStatistics>.self).isolates)
            case "gc": return .collection(try body(AgentCollection.self))
            case "leak": return .leak(try body(AgentLeak.self).printable)
            case "controls", "armed", "disarmed", "masked", "cancelled", "subscribed", "forgotten": return .done(id: try id(), type: head.type)
            default: return .unknown(type: head.type.printable)
            }
        } catch let error as Malformed { throw error } catch { throw Malformed(description: "the agent's message is not of this protocol: \(error)") }
    }

    /// The request that it answers.
    public var id: Int? {
        switch self {
        case .failed(let id, _, _), .forked(let id, _), .ended(let id, _), .isolates(let id, _, _), .statistics(let id, _), .done(let id, _): id
        case .hello, .busy, .error, .collection, .leak, .unknown: nil
        }
    }

    private struct Head: Decodable {
        var type: String
        var id: Int?
        var code: String?
        var message: String?
    }
    private struct List<Element: Decodable>: Decodable {
        var isolates: [Element]
        var more: Int?
    }
}

/// What a copy says on its control socket.
public enum CopyMessage: Sendable, Hashable {
    /// It waits for `go`, 5 s.
    case ready
    case progress(phase: String, done: UInt64, total: UInt64?)
    case phase(String)
    /// The snapshot is written, so many bytes.
    case done(bytes: UInt64)
    case unknown(type: String)

    public static func decode(_ text: [UInt8]) throws(AgentMessage.Malformed) -> CopyMessage {
        do {
            let wire = try JSONDecoder().decode(Wire.self, from: Data(text))
            switch wire.type {
            case "ready": return .ready
            case "progress": return .progress(phase: wire.phase?.printable ?? "", done: wire.done ?? 0, total: wire.total)
            case "phase": return .phase(wire.phase?.printable ?? "")
            case "done": return .done(bytes: wire.bytes ?? 0)
            default: return .unknown(type: wire.type.printable)
            }
        } catch { throw AgentMessage.Malformed(description: "the copy's message is not of this protocol: \(error)") }
    }

    private struct Wire: Decodable {
        var type: String
        var phase: String?
        var done: UInt64?
        var total: UInt64?
        var bytes: UInt64?
    }
}
