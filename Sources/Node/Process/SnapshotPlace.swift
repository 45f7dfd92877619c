import Glibc
public import Linux

extension NodeProcess {
    /// Where the process's snapshots go, as it sees it: `--diagnostic-dir` where its version honours that, else its working directory.
    /// Nil where that cannot be known.
    public var snapshotDirectory: String? { SignalSafety.snapshotDirectory(of: self) }

    /// A directory of the process as we can open it: by its own name where that is the same for us, and can be written to; else, when it lives in another
    /// mount namespace, through /proc/PID/root, which ends with the process.
    public func hostPath(_ path: String, table: ProcessTable) -> String {
        let own = try? table.link("self", "ns/mnt"), its = try? table.link("\(identity.pid)", "ns/mnt")
        guard own != its, its != nil else { return path }
        let theirs = table.path(identity.pid, "root") + path
        return SmallFile.areSame(path, theirs) && access(path, W_OK) == 0 ? path : theirs
    }
}
