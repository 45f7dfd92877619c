/// Why a request was not met: what `--json` prints as `error` (docs/json.md), and how the command then exits.
public struct ControlFailure: Error, Sendable, Hashable, Codable, CustomStringConvertible {
    /// The command's exit status (contract 3).
    public var code: Int32
    /// `cannot <verb> <subject>: <reason>; <what to do>`
    public var message: String
    /// One of the documented refusal codes, or `permissionDenied`.
    public var refusal: String?

    public init(code: Int32 = 1, _ message: String, refusal: String? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }

    public var description: String { message }

    static func permissionDenied(_ message: String) -> ControlFailure { ControlFailure(code: 3, message, refusal: "permissionDenied") }
}
