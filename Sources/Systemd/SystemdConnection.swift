import CSystemd
import Glibc
public import Units

/// A connection to the systemd of this host, for one operation: a millisecond to open. Blocks up to systemd's own time limit of 25 s.
public struct SystemdConnection: ~Copyable {
    let raw: OpaquePointer

    /// Throws `SystemdError`.
    public init() throws(SystemdError) {
        var connection: OpaquePointer?
        try Self.ask("connect to systemd") { systemd_connect(&connection, &$0) }
        raw = connection!
    }

    deinit { systemd_disconnect(raw) }

    /// Why libsystemd cannot be used here; nil where it can. The first call loads it.
    public static var libraryObstacle: String? {
        var reason = systemd_reason()
        return systemd_available(&reason) == 0 ? nil : reason.string
    }

    /// Why no process can be put into a scope; nil where it can. Opens a connection.
    public static var scopeObstacle: String? {
        guard geteuid() == 0 else { return "only root may make scopes" }
        do throws(SystemdError) {
            let connection = try SystemdConnection()
            return systemd_is_pid_1(connection.raw) ? nil : "systemd is not pid 1 of this pid namespace"
        } catch { return error.description }
    }

    /// The unit whose cgroup this is, or lies in.
    /// - Parameter cgroup: as in /proc/PID/cgroup.
    public func unit(ofCgroup cgroup: String) throws(SystemdError) -> Unit {
        var path: UnsafeMutablePointer<CChar>?
        try Self.ask("find the unit of cgroup \(cgroup)") { systemd_unit_of_cgroup(raw, cgroup, &path, &$0) }
        defer { free(path) }
        let object = String(cString: path!)
        let file = try string("FragmentPath", of: object)
        return Unit(
            name: try string("Id", of: object), files: (file.isEmpty ? [] : [file]) + (try strings("DropInPaths", of: object)),
            isTransient: try flag("Transient", of: object))
    }

    /// At once, and until the next boot: writes a drop-in 50-MemoryMax.conf below /run.
    public func setMemoryMax(_ limit: ByteCount, of unit: String) throws(SystemdError) {
        try Self.ask("set MemoryMax of \(unit)") { systemd_set_memory_max(raw, unit, UInt64(max(0, limit.bytes)), &$0) }
    }

    /// Puts a process into a scope of its own; in its cgroup when this returns. 4 to 20 ms.
    ///
    /// The scope ends with its process, and survives the unit that the process comes from.
    /// - Parameter patience: then it is given up, and the process may still be moved.
    public func start(_ scope: Scope, around pid: ProcessID, patience: Duration) throws(SystemdError) {
        try Self.ask("start \(scope.name)") { reason in
            scope.name.withCString { name in
                scope.slice.withCString { slice in
                    scope.description.withCString { description in
                        var raw = systemd_scope(
                            name: name, slice: slice, description: description, pid: UInt32(pid.rawValue),
                            memory_max: UInt64(max(0, scope.memoryMax.bytes)))
                        return systemd_start_scope(self.raw, &raw, UInt64(patience / .microseconds(1)), &reason)
                    }
                }
            }
        }
    }

    /// Reads all unit files anew and applies them, before it returns.
    public func reload() throws(SystemdError) { try Self.ask("reload the units") { systemd_reload(raw, &$0) } }

    private func string(_ property: String, of object: String) throws(SystemdError) -> String {
        var value: UnsafeMutablePointer<CChar>?
        try Self.ask("read \(property) of \(object)") { systemd_string(raw, object, property, &value, &$0) }
        defer { free(value) }
        return String(cString: value!)
    }

    private func strings(_ property: String, of object: String) throws(SystemdError) -> [String] {
        var values: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        try Self.ask("read \(property) of \(object)") { systemd_strings(raw, object, property, &values, &$0) }
        return takeStrings(values)
    }

    private func flag(_ property: String, of object: String) throws(SystemdError) -> Bool {
        var value = false
        try Self.ask("read \(property) of \(object)") { systemd_flag(raw, object, property, &value, &$0) }
        return value
    }

    static func ask(_ operation: String, _ call: (inout systemd_reason) -> Int32) throws(SystemdError) {
        var reason = systemd_reason()
        guard call(&reason) == 0 else { throw SystemdError(operation: operation, reason: reason.string) }
    }
}

/// A transient scope (systemd.scope(5)).
public struct Scope: Sendable, Hashable {
    public var name: String
    public var slice: String
    public var description: String
    public var memoryMax: ByteCount

    public init(name: String, slice: String, description: String, memoryMax: ByteCount) {
        self.name = name
        self.slice = slice
        self.description = description
        self.memoryMax = memoryMax
    }
}

/// A unit as systemd has loaded it.
public struct Unit: Sendable, Hashable {
    public var name: String
    /// Its file and its drop-ins, in the order in which they are applied.
    public var files: [String]
    /// Made by a program: systemd-run, a container engine.
    public var isTransient: Bool
}
