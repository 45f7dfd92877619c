import ArgumentParser
import Glibc
import Linux
import Supervisor

/// Runs a command whose end leaves nothing half done, wherever it is: a signal that ends programs ends it at once, by exit(3) with 128+n.
///
/// - Parameter farewell: said before that.
/// - Throws: the exit status of what `body` throws, where it is not 0; an error other than `ExitCode` has been reported then.
func untilInterrupted(farewell: @escaping @Sendable () -> Void = {}, _ body: @escaping @Sendable () async throws -> Void) throws {
    let code = try withOwnSignals { signals in
        let listening = Task {
            for await signal in signals where [SIGINT, SIGTERM, SIGHUP, SIGPIPE].contains(signal.signal) {
                farewell()
                Glibc.exit(128 + signal.signal)
            }
        }
        defer { listening.cancel() }
        do {
            try await body()
            return 0
        } catch let code as ExitCode { return code.rawValue } catch { return CommandFailure(error).report() }
    }
    if code != 0 { throw ExitCode(code) }
}
