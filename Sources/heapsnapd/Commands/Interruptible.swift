import ArgumentParser
import Glibc
import Supervisor

/// An asynchronous command that a signal ends at once, with 128 and its number: nothing is left open by it.
func untilInterrupted(_ body: @escaping @Sendable () async throws -> Void) throws {
    let code = try withOwnSignals { signals in
        let interrupted = Task {
            for await signal in signals where [SIGINT, SIGTERM, SIGHUP, SIGPIPE].contains(signal.signal) { Glibc.exit(128 + signal.signal) }
        }
        defer { interrupted.cancel() }
        do {
            try await body()
            return 0
        } catch let code as ExitCode { return code.rawValue } catch { return CommandFailure(error).report() }
    }
    if code != 0 { throw ExitCode(code) }
}
