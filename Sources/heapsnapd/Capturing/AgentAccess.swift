import AgentProtocol
import Capture
import Linux
import Node
import Units

extension Workplace {
    /// The agent of a process for one capture. Whoever asked closes the connection: the agent has one controller at a time.
    ///
    /// - Parameter patience: while another heapsnapd is connected. A `run` lets go of its agent as soon as it sees our capture's lock.
    func agent(of process: NodeProcess, isolate: Int?, patience: Duration = .seconds(3)) async -> CaptureLadder.Agent {
        let attempts = configuration.capture.copyAttempts
        guard attempts > 0 else {
            return .init(.failure(Refusal(.noAgent, "copies are switched off (capture.copyAttempts)")), isolate: isolate, attempts: 0)
        }
        let deadline = SystemClock.monotonic() + patience
        while true {
            do {
                return .init(.success(try await AgentConnection.open(to: process, table: table)), isolate: isolate, attempts: attempts)
            } catch AgentConnection.Failure.busy where SystemClock.monotonic() < deadline {
                try? await Task.sleep(for: .milliseconds(50))
            } catch { return .init(.failure(Refusal(.noAgent, "no copy can be made of process \(process.identity.pid): \(error)")), isolate: isolate, attempts: attempts) }
        }
    }
}

extension CaptureLadder.Agent {
    func close() async {
        if case .success(let connection) = connection { await connection.close() }
    }
}
