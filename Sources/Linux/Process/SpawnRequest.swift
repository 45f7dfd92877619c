public import SystemPackage

/// What to start.
public struct SpawnRequest: Sendable {
    /// With a slash it is a path (relative to `workingDirectory`); without, PATH of the new environment is searched as execvp(3) does.
    public var executable: String
    /// After argv[0], which is `executable`.
    public var arguments: [String]
    /// nil: ours, byte by byte.
    public var environment: [String: String]?
    /// nil: ours.
    public var workingDirectory: String?
    /// nil: inherited.
    public var standardInput, standardOutput, standardError: FileDescriptor?
    /// setpgid(0, 0): signals to our group do not reach it.
    public var newProcessGroup: Bool
    /// Hands the controlling terminal, if there is one, to the new process group. Only right when the terminal is ours to give
    /// (`ControllingTerminal.isOurs`) or was given to a predecessor.
    public var foreground: Bool
    /// nil: ours. Needs root.
    public var user: User?

    public struct User: Sendable, Hashable {
        public var uid, gid: UInt32
        public var groups: [UInt32]
        public init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.groups = groups
        }
    }

    public init(
        executable: String, arguments: [String] = [], environment: [String: String]? = nil, workingDirectory: String? = nil,
        standardInput: FileDescriptor? = nil, standardOutput: FileDescriptor? = nil, standardError: FileDescriptor? = nil,
        newProcessGroup: Bool = true, foreground: Bool = false, user: User? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.standardInput = standardInput
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.newProcessGroup = newProcessGroup
        self.foreground = foreground
        self.user = user
    }
}

/// Why a process was not started. None exists then.
public enum SpawnError: Error, Sendable, Hashable, CustomStringConvertible {
    case notFound(String)
    /// No permission, a directory, a format that this machine cannot run.
    case notExecutable(String, Errno)
    /// `operation` failed before the exec: `change to /srv/app`.
    case system(operation: String, Errno)

    /// What a shell would answer: 127, 126; 125 for what is not the command's fault.
    public var shellStatus: Int32 {
        switch self {
        case .notFound: 127
        case .notExecutable: 126
        case .system: 125
        }
    }

    public var description: String {
        switch self {
        case .notFound(let executable): "cannot start \(executable): no such program; check its name and PATH"
        case .notExecutable(let executable, let errno):
            "cannot start \(executable): \(errno); check that it is an executable file for this machine"
        case .system(let operation, let errno): "cannot \(operation): \(errno)"
        }
    }
}
