public import Linux

extension NodeProcess {
    /// Where the process's snapshots go, as it sees it: `--diagnostic-dir` where its version honours that, else its working directory.
    /// Nil where that cannot be known.
    public var snapshotDirectory: String? { SignalSafety.snapshotDirectory(of: self) }

    /// A path of the process as we can open it: through /proc/PID/root when it lives in another mount namespace.
    public func hostPath(_ path: String, table: ProcessTable) -> String {
        let own = try? table.link("self", "ns/mnt"), its = try? table.link("\(identity.pid)", "ns/mnt")
        return own == its || its == nil ? path : table.path(identity.pid, "root") + path
    }
}
