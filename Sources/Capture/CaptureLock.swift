import Linux
public import Units

/// One capture per host (contract 7): a lock file whose text names the target. A container counts as a host. Held for as long as this lives.
public struct CaptureLock: Sendable {
    private let lock: FileLock

    /// - Parameters:
    ///   - runtimeDirectory: /run/heapsnapd for root, $XDG_RUNTIME_DIR/heapsnapd for others.
    ///   - isLook: nothing is captured, the agent is asked something.
    /// - Returns: the lock, or a refusal that names whose capture runs.
    /// - Throws: `KernelError` where the directory cannot be written.
    public static func acquire(in runtimeDirectory: String, target: ProcessID, isLook: Bool = false) throws -> Result<CaptureLock, Refusal> {
        try SmallFile.makePrivateDirectory(runtimeDirectory)
        if let lock = try FileLock.tryAcquire(path(in: runtimeDirectory), note: isLook ? "\(target) look" : "\(target)") {
            return .success(CaptureLock(lock: lock))
        }
        let other = Self.target(in: runtimeDirectory).map { " of process \($0)" } ?? ""
        return .failure(Refusal(.busy, "another capture\(other) runs on this host; try again when it is done"))
    }

    /// The target of the capture that runs now; nil where none does.
    public static func target(in runtimeDirectory: String) -> ProcessID? {
        guard let note = try? FileLock.holder(path(in: runtimeDirectory)), let pid = note.split(separator: " ").first.flatMap({ Int32($0) }) else {
            return nil
        }
        return ProcessID(pid)
    }

    /// Whether the one who holds it only looks (`heapsnapd check`).
    public static func isLook(in runtimeDirectory: String) -> Bool {
        (try? FileLock.holder(path(in: runtimeDirectory)))??.hasSuffix(" look") == true
    }

    private static func path(in directory: String) -> String { directory + "/capture.lock" }
}
