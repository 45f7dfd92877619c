public import Linux
public import Units

/// A running Node process, understood. Everything here was read from the kernel; the process was not touched.
public struct NodeProcess: Sendable {
    public var identity: ProcessIdentity
    /// Nil where the executable does not hold it.
    public var version: NodeVersion?
    public var flags: NodeFlags
    /// The command line is still the one that the process was started with; `process.title = …` writes over it.
    public var argumentsKnown = true
    /// NODE_OPTIONS could be read; a node with capabilities, or of another user, hides its environment.
    public var environmentKnown = true
    public var flagsKnown: Bool { argumentsKnown && environmentKnown }
    /// `/proc/PID/cmdline` as it stands.
    public var arguments: [String]
    /// Nil where it is gone or may not be read.
    public var workingDirectory: String?
    /// The path as the process sees it.
    public var executable: String
    /// The file-system uid: the one that creates files.
    public var uid: UInt32 = 0
    public var gid: UInt32 = 0
    public var groups: [UInt32] = []
    /// Its pid in its innermost pid namespace: the one in the names of its files.
    public var namespacePID: Int32
    public var caughtSignals: SignalSet
    public var cgroup: String?
    public var unit: String?
    /// Of its user's own systemd; see `CgroupPlace`.
    public var userUnit: String?
    /// The pod's name in Kubernetes, else the first 12 digits of the container's id.
    public var container: String?
    public var packageName: String?
    /// The watchdog that its unit asks for: WATCHDOG_USEC of its environment.
    public var watchdog: Duration?

    /// Only the facts that have no default; the others can be set afterwards.
    public init(identity: ProcessIdentity, version: NodeVersion?, flags: NodeFlags, arguments: [String], executable: String, caughtSignals: SignalSet)
    {
        self.identity = identity
        self.version = version
        self.flags = flags
        self.arguments = arguments
        self.executable = executable
        self.caughtSignals = caughtSignals
        namespacePID = identity.pid.rawValue
    }

    public var packageManager: String? { PackageManager.name(script: flags.script, arguments: arguments) }

    /// The name of the service that this process is, unless `--service` says another (contract 1).
    public func serviceName(explicit: String? = nil) -> String {
        ServiceName.derive(explicit: explicit, unit: unit ?? userUnit, container: container, packageName: packageName, script: flags.script)
    }
}

public enum NodeProcessReading: Sendable {
    case node(NodeProcess)
    case notNode(reason: String)
    case gone
}

/// What the agent calls a copy (prctl(PR_SET_NAME), Sources/NodeAgent/Child.cc).
private let copyName = "heapsnapd-copy"

extension NodeProcess {
    /// Reads what `/proc` says about a process: 0.1 ms; the first time for an executable up to 20.
    /// - Throws: `KernelError.denied` where the executable of the process may not be looked at: nothing can be said then.
    public static func read(_ pid: ProcessID, table: ProcessTable) throws -> NodeProcessReading {
        guard let identity = try table.identity(pid), let executable = try table.executable(pid) else {
            // A kernel thread has no executable and a zombie no longer has one.
            return try table.identity(pid) == nil ? .gone : .notNode(reason: "it has no executable")
        }
        // Its executable is Node's, and nothing else of it.
        if try table.stat(pid)?.comm == copyName { return .notNode(reason: "it is a copy that takes a snapshot") }
        let root = table.path(pid, "root")
        switch try NodeExecutable.inspect(path: table.path(pid, "exe"), libraryRoot: root) {
        case nil: return .gone
        case .notNode(let reason): return .notNode(reason: "\(executable) \(reason)")
        case .node(let version):
            guard let status = try table.status(pid) else { return .gone }
            let arguments = try table.commandLine(pid) ?? []
            let environment = try readable { try table.environment(pid) }
            let workingDirectory = try readable { try table.workingDirectory(pid) }
            let cgroup = try table.cgroups(pid).flatMap(memoryPath)
            // The same process still? Between the first read and the last, the pid may have been used again.
            guard try table.identity(pid) == identity else { return .gone }

            let argumentsKnown = isOriginal(arguments, executable: executable)
            let flags = NodeFlags.parse(arguments: argumentsKnown ? arguments : [], nodeOptions: environment?["NODE_OPTIONS"])
            let place = cgroup.map(CgroupPlace.parse) ?? CgroupPlace()
            var process = NodeProcess(
                identity: identity, version: version, flags: flags, arguments: kept(arguments), executable: executable, caughtSignals: status.caught)
            process.argumentsKnown = argumentsKnown
            process.environmentKnown = environment != nil
            process.workingDirectory = workingDirectory
            (process.uid, process.gid, process.groups) = (status.uids.fileSystem, status.gids.fileSystem, status.groups)
            process.namespacePID = status.nsPIDs.last ?? pid.rawValue
            process.cgroup = cgroup
            (process.unit, process.userUnit) = (place.unit, place.userUnit)
            process.container = pod(environment) ?? place.containerID.map { String($0.prefix(12)) }
            process.packageName = try packageName(script: flags.script, workingDirectory: workingDirectory, root: root)
            process.watchdog = environment?["WATCHDOG_USEC"].flatMap { Int64($0) }.map { .microseconds($0) }
            return .node(process)
        }
    }

    /// Nil also where we are not allowed to know.
    private static func readable<T>(_ read: () throws -> T?) throws -> T? {
        do { return try read() } catch KernelError.denied { return nil }
    }

    /// For records and rules. A command line may have megabytes (ARG_MAX of execve(2)), and a daemon keeps those of all.
    private static func kept(_ arguments: [String]) -> [String] {
        var room = 65_536
        return Array(
            arguments.prefix {
                room -= $0.utf8.count + 1
                return room > 0
            })
    }

    /// Whether a command line is the one of execve rather than what `process.title = …` left: libuv (uv_set_process_title) writes
    /// the title into the place of the arguments and fills the rest with zero bytes, which read as empty arguments.
    ///
    /// A service that was started under another `argv[0]` than the name of its executable counts as rewritten, too: unknown, not wrong.
    static func isOriginal(_ arguments: [String], executable: String) -> Bool {
        guard let name = arguments.first?.split(separator: "/").last, arguments.count == 1 || arguments.last != "" else { return false }
        let file = executable.hasSuffix(" (deleted)") ? executable.dropLast(10) : executable[...]
        return ["node", "nodejs"].contains(name) || name == file.split(separator: "/").last
    }

    /// The path in the hierarchy that systemd or a container engine names things in: v2's, or v1's of the memory controller.
    private static func memoryPath(_ cgroups: [CgroupMembership]) -> String? {
        let memory = cgroups.first { $0.controllers.contains("memory") }?.path
        let unified = cgroups.first { $0.hierarchyID == 0 }?.path
        let named = cgroups.first { $0.controllers.contains("name=systemd") }?.path
        return [memory, unified, named].compactMap { $0 }.first { $0 != "/" } ?? unified ?? memory
    }

    /// Kubernetes sets HOSTNAME to the name of the pod and tells every container where its API is.
    private static func pod(_ environment: [String: String]?) -> String? {
        guard let environment, environment["KUBERNETES_SERVICE_HOST"] != nil else { return nil }
        return environment["HOSTNAME"]
    }

    private static func packageName(script: String?, workingDirectory: String?, root: String) throws -> String? {
        guard let workingDirectory else { return nil }
        guard let script else { return try PackageManifest.nearestName(from: workingDirectory, root: root) }
        let path = absolutePath(script, in: workingDirectory)
        return try PackageManifest.nearestName(from: path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "", root: root)
    }
}
