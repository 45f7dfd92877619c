public import Linux
public import SnapshotStore
public import Units

/// What all captures of one heapsnapd share: the kernel, the store, the loans, and the rules of keeping.
public struct CaptureSite: Sendable {
    public var table: ProcessTable
    public var store: SnapshotStore
    public var loans: LoanBook
    /// /run/heapsnapd for root, $XDG_RUNTIME_DIR/heapsnapd for others: the lock and the loans.
    public var runtimeDirectory: String
    /// We: who gives loans back.
    public var holder: ProcessIdentity
    public var compression: Compression
    public var compressionLevel: Int
    public var retention: Retention

    public init(
        table: ProcessTable, store: SnapshotStore, loans: LoanBook, runtimeDirectory: String, holder: ProcessIdentity, compression: Compression,
        compressionLevel: Int, retention: Retention
    ) {
        self.table = table
        self.store = store
        self.loans = loans
        self.runtimeDirectory = runtimeDirectory
        self.holder = holder
        self.compression = compression
        self.compressionLevel = compressionLevel
        self.retention = retention
    }
}

/// Use of a cgroup less what the kernel can take back before it kills.
/// - Returns: nil where the cgroup is gone.
public func workingSet(_ cgroup: any MemoryCgroup) throws -> ByteCount? {
    guard let current = try cgroup.current(), let statistics = try cgroup.statistics() else { return nil }
    return max(.zero, current - statistics.reclaimable)
}
