import Glibc
import Linux

/// Runs a command whose end leaves nothing half done, wherever it is: one of `endings` ends the program at once.
///
/// - Parameter farewell: said before that.
/// - Returns: the exit status: that of `body`, or of the error it throws, which is reported. 128+n after signal n, by exit(3).
func interruptible(
    by signals: AsyncStream<ReceivedSignal>, endings: Set<Int32> = [SIGINT, SIGTERM, SIGHUP], farewell: @escaping @Sendable () -> Void = {},
    _ body: () async throws -> Int32
) async -> Int32 {
    let listening = Task {
        for await signal in signals where endings.contains(signal.signal) {
            farewell()
            Glibc.exit(128 + signal.signal)
        }
    }
    defer { listening.cancel() }
    do { return try await body() } catch { return CommandFailure(error).report() }
}
