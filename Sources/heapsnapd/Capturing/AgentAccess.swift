import Capture
import Linux
import Node
import Units

extension Workplace {
    /// The agent of a process for one capture, or to see what one would be.
    ///
    /// - Parameter patience: while others use it. A `run` lets go of its agent as soon as it sees our capture's lock: within a second.
    func agent(of process: NodeProcess, as role: AgentConnection.Role, isolate: Int?, patience: Duration = .seconds(3)) -> CaptureLadder.Agent {
        CaptureLadder.Agent(isolate: isolate, attempts: configuration.capture.copyAttempts) {
            guard configuration.capture.copyAttempts > 0 else {
                return .failure(Refusal(.noAgent, "copies are switched off (capture.copyAttempts)"))
            }
            let deadline = SystemClock.monotonic() + patience
            while true {
                do { return .success(try await AgentConnection.open(to: process, as: role, table: table)) } catch AgentConnection.Failure.busy
                    where SystemClock.monotonic() < deadline
                { try? await Task.sleep(for: .milliseconds(50)) } catch {
                    return .failure(Refusal(.noAgent, "no copy can be made of process \(process.identity.pid): \(error)"))
                }
            }
        }
    }
}
