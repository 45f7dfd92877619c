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
        if let lock = try FileLock.tryAcquire(path(in: runtimeDirectory), note: "\(target)") {
            return .success(CaptureLock(lock: lock))
        }
        return .failure(busy(with: Self.target(in: runtimeDirectory)))
    }

    /// Why none could be begun now; nil: it could.
    static func obstacle(in runtimeDirectory: String) -> Refusal? { target(in: runtimeDirectory).map { busy(with: $0) } }

    private static func busy(with target: ProcessID?) -> Refusal {
        Refusal(.busy, "another capture\(target.map { " of process \($0)" } ?? "") runs on this host; try again when it is done")
    }

    /// The target of the capture that runs now; nil where none does.
    public static func target(in runtimeDirectory: String) -> ProcessID? {
        (try? FileLock.holder(path(in: runtimeDirectory))).flatMap { Int32($0) }.map { ProcessID($0) }
    }

    private static func path(in directory: String) -> String { directory + "/capture.lock" }
}
