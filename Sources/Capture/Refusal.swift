import Node
import Units

/// Why a capture was not begun. The list is closed (contract 12) and documented in docs/json.md: scripts may switch over it.
public struct Refusal: Sendable, Hashable, Error, CustomStringConvertible {
    public enum Code: String, Sendable, Hashable, Codable, CaseIterable {
        /// The executable is not Node, whatever it is called.
        case notNode
        /// This Node has no `--heapsnapshot-signal` (before 12.0).
        case nodeTooOld
        /// Nobody in the process catches the signal: its default action would kill.
        case signalNotCaught
        /// A handler exists, but nothing says that it is Node's snapshot handler.
        case signalNotAskedFor
        /// Neither the command line nor the environment of the process can be read.
        case flagsUnreadable
        /// Node's permission model forbids the write, which would be an uncaught exception in the service.
        case permissionModel
        /// The service's user cannot write where the snapshot would go.
        case directoryNotWritable
        /// The file system has no room for the snapshot and its compressed copy.
        case noSpace
        /// Nothing is known about the size of the heap, so no cost can be predicted.
        case heapUnknown
        /// The predicted peak is above the limit, and the limit cannot be raised.
        case doesNotFit
        /// The host itself has not the memory.
        case hostMemory
        /// The service would stand still for longer than allowed.
        case pause
        /// Another capture runs on this host.
        case busy
        /// No agent is loaded in the process, or it cannot be used.
        case noAgent
        /// The agent reached the isolate neither by interrupt nor through its event loop (a long `Atomics.wait`, `execSync`).
        case notInterruptible
        /// No isolate has this id.
        case noSuchIsolate
        /// The process could not be forked: memory overcommit, a pids limit, seccomp.
        case forkFailed
        /// The copy died, hung or was killed each time it was tried.
        case copyFailed
        /// The copy would live in the service's cgroup, and memory.oom.group would kill both.
        case oomGroup
    }

    public var code: Code
    /// A sentence with the numbers, and what to do.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { "\(message) [\(code.rawValue)]" }
}

extension Refusal {
    /// What Node's own checks object to, in admission's words.
    init(_ objection: SignalObjection, process: ProcessID) {
        let code: Code =
            switch objection.code {
            case .version: .nodeTooOld
            case .notCaught: .signalNotCaught
            case .flagsUnreadable: .flagsUnreadable
            case .notAskedFor: .signalNotAskedFor
            case .permission: .permissionModel
            }
        self.init(code, "cannot signal process \(process): \(objection)")
    }
}
