import Capture
import Glibc
import Linux
import SnapshotStore
import Units

/// What a command works with: its configuration, the kernel, the store, the loans. Made once, at the start.
struct Workplace: Sendable {
    let configuration: Configuration
    let table: ProcessTable
    let store: SnapshotStore
    let site: CaptureSite
    /// Whose capture runs on this host, by whichever heapsnapd.
    let captureUnderWay: Recent<ProcessID?>
    let hostMemory: Recent<HostMemory?>

    /// - Parameter access: commands that only look do not create anything.
    /// - Throws: `ConfigurationError`, `StoreError`.
    static func open(_ options: GlobalOptions, _ overrides: [(key: String, value: String?)] = [], for access: SnapshotStore.Access = .writing) throws
        -> Workplace
    {
        try open(Configuration.load(configurationFile: options.configurationFile, overrides: options.overrides(overrides)), for: access)
    }

    static func open(_ configuration: Configuration, for access: SnapshotStore.Access) throws -> Workplace {
        let table = ProcessTable()
        let runtime = runtimeDirectory()
        let loans = LoanBook(runtimeDirectory: runtime, table: table, lenders: SystemdLender.all(table: table))
        loans.settleOrphans()
        let store = try SnapshotStore.open(at: storeDirectory(configuration), for: access)
        guard let identity = try table.identity(ProcessID(getpid())) else {
            throw CommandFailure(.failed, "cannot read /proc/self: it is not mounted; heapsnapd needs /proc")
        }
        let site = CaptureSite(
            table: table, store: store, loans: loans, placer: ScopePlacer.ofThisHost(table: table), threads: BlockingWork.threads,
            runtimeDirectory: runtime, holder: identity, compression: configuration.store.compression,
            compressionLevel: configuration.store.compressionLevel,
            retention: configuration.store.retention(total: try? store.diskSpace().total),
            extraPerHeapByte: configuration.capture.extraPerHeapByte)
        return Workplace(
            configuration: configuration, table: table, store: store, site: site,
            captureUnderWay: Recent(for: .milliseconds(20)) { CaptureLock.target(in: runtime) },
            hostMemory: Recent(for: .milliseconds(20)) { try? table.hostMemory() })
    }

    /// Contract 5.
    private static func storeDirectory(_ configuration: Configuration) -> String {
        if !configuration.store.dir.isEmpty { return configuration.store.dir }
        if let state = environment("STATE_DIRECTORY") { return String(state.split(separator: ":").first ?? "") }
        if geteuid() == 0 { return "/var/lib/heapsnapd" }
        return (environment("XDG_STATE_HOME") ?? (environment("HOME") ?? "") + "/.local/state") + "/heapsnapd"
    }

    /// Contract 7; /tmp for a user without a session.
    private static func runtimeDirectory() -> String {
        if geteuid() == 0 { return "/run/heapsnapd" }
        return environment("XDG_RUNTIME_DIR").map { $0 + "/heapsnapd" } ?? "/tmp/heapsnapd-\(geteuid())"
    }

    private static func environment(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
