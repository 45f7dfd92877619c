/// How a process ended. JSON: `{"exitCode":1}` or `{"signal":"SIGKILL","coreDumped":false}`.
public enum ExitStatus: Sendable, Hashable, Codable {
    case exited(Int32)
    case signaled(Int32, coreDumped: Bool)

    /// The code, or 128 + signal.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal, _): 128 + signal
        }
    }

    /// Of wait(2): low 7 bits the signal, bit 7 the core, next 8 bits the code; bits/waitstatus.h of glibc.
    init(waitStatus: Int32) {
        let signal = waitStatus & 0x7f
        self = signal == 0 ? .exited(waitStatus >> 8 & 0xff) : .signaled(signal, coreDumped: waitStatus & 0x80 != 0)
    }

    private enum Key: CodingKey { case exitCode, signal, coreDumped }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let code = try container.decodeIfPresent(Int32.self, forKey: .exitCode) {
            self = .exited(code)
            return
        }
        guard let signal = Signals.number(try container.decode(String.self, forKey: .signal)) else {
            throw DecodingError.dataCorruptedError(forKey: .signal, in: container, debugDescription: "not a signal")
        }
        self = .signaled(signal, coreDumped: try container.decode(Bool.self, forKey: .coreDumped))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        switch self {
        case .exited(let code): try container.encode(code, forKey: .exitCode)
        case .signaled(let signal, let coreDumped):
            try container.encode(Signals.name(signal), forKey: .signal)
            try container.encode(coreDumped, forKey: .coreDumped)
        }
    }
}
