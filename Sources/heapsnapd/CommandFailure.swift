import ArgumentParser
import Capture
import Control
import Linux
import SnapshotStore

/// How a command ends when it does not succeed (contract 3).
struct CommandFailure: Error {
    enum Code: Int32 { case failed = 1, refused = 3, notFound = 4, targetDied = 5, damaged = 6, usage = 64, ownFailure = 125 }

    var code: Code
    var message: String
    var refusal: String?

    init(_ code: Code, _ message: String, refusal: String? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }

    init(_ refusal: Refusal) { self.init(.refused, refusal.message, refusal: refusal.code.rawValue) }

    init(_ error: any Error) {
        switch error {
        case let failure as CommandFailure: self = failure
        case let failure as ControlFailure: self.init(Code(rawValue: failure.code) ?? .failed, failure.message, refusal: failure.refusal)
        case let error as ResolveError: self.init(.notFound, error.description)
        case StoreError.noStore: self.init(.notFound, "\(error)")
        case let error as ConfigurationError: self.init(.usage, error.description)
        case let error as ValidationError: self.init(.usage, error.message)
        default: self.init(.failed, "\(error)")
        }
    }

    /// On standard error for people, on standard output for programs.
    /// - Returns: the exit status.
    func report() -> Int32 {
        Terminal.endProgress()
        if Self.wantsJSON {
            JSONOutput.print(Document(error: .init(code: code.rawValue, message: message, refusal: refusal)))
        } else {
            Terminal.printError("heapsnapd: \(message)" + (refusal.map { " [\($0)]" } ?? ""))
        }
        return code.rawValue
    }

    /// Usage errors and `--help` are ArgumentParser's; only with `--json` an error is one of ours.
    static func exitAfterParsing(_ error: any Error) -> Never {
        let code = Heapsnapd.exitCode(for: error)
        guard wantsJSON, !code.isSuccess else { Heapsnapd.exit(withError: error) }
        Heapsnapd.exit(withError: ExitCode(CommandFailure(.usage, Heapsnapd.message(for: error)).report()))
    }

    /// Looked up in the words themselves, since a command that could not be parsed has no options.
    private static var wantsJSON: Bool { CommandLine.arguments.prefix { $0 != "--" }.contains("--json") }

    private struct Document: Encodable {
        struct Failure: Encodable {
            var code: Int32
            var message: String
            var refusal: String?
        }
        var error: Failure
    }
}
