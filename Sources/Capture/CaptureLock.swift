import Linux
public import Units

/// One capture per host (contract 7): a lock file whose text names the target. A container counts as a host. Held for as long as this lives.
public struct CaptureLock: Sendable {
    private let lock: FileLock

    /// - Parameter runtimeDirectory: /run/heapsnapd for root, $XDG_RUNTIME_DIR/heapsnapd for others.
    /// - Returns: the lock, or a refusal that names whose capture runs.
    /// - Throws: `KernelError` where the directory cannot be written.
    public static func acquire(in runtimeDirectory: String, target: ProcessID) throws -> Result<CaptureLock, Refusal> {
        try SmallFile.makePrivateDirectory(runtimeDirectory)
        if let lock = try FileLock.tryAcquire(path(in: runtimeDirectory), note: "\(target)") { return .success(CaptureLock(lock: lock)) }
        let other = Self.target(in: runtimeDirectory).map { " of process \($0)" } ?? ""
        return .failure(Refusal(.busy, "another capture\(other) runs on this host; try again when it is done"))
    }

    /// The target of the capture that runs now; nil where none does.
    public static func target(in runtimeDirectory: String) -> ProcessID? {
        guard let note = try? FileLock.holder(path(in: runtimeDirectory)), let pid = Int32(note) else { return nil }
        return ProcessID(pid)
    }

    private static func path(in directory: String) -> String { directory + "/capture.lock" }
}
