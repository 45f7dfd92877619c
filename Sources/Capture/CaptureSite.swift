public import Linux
public import Node
public import SnapshotStore
public import Units

/// What all captures of one heapsnapd share: the kernel, the store, the loans, and the rules of keeping.
public struct CaptureSite: Sendable {
    public var table: ProcessTable
    public var store: SnapshotStore
    public var loans: LoanBook
    /// Where copies are put.
    public var placer: any CopyPlacer
    /// Where what waits for systemd and for disks runs beside a capture; nil: on Swift's own threads.
    public var threads: (any TaskExecutor)?
    /// /run/heapsnapd for root, $XDG_RUNTIME_DIR/heapsnapd for others: the lock and the loans.
    public var runtimeDirectory: String
    /// We: who gives loans back.
    public var holder: ProcessIdentity
    public var compression: Compression
    public var compressionLevel: Int
    public var retention: Retention
    /// Memory that a snapshot takes per byte of heap, until it is learned per service.
    public var extraPerHeapByte: Double

    public init(
        table: ProcessTable, store: SnapshotStore, loans: LoanBook, placer: any CopyPlacer = CgroupPlacer(), threads: (any TaskExecutor)? = nil,
        runtimeDirectory: String, holder: ProcessIdentity, compression: Compression,
        compressionLevel: Int, retention: Retention, extraPerHeapByte: Double
    ) {
        self.table = table
        self.store = store
        self.loans = loans
        self.placer = placer
        self.threads = threads
        self.runtimeDirectory = runtimeDirectory
        self.holder = holder
        self.compression = compression
        self.compressionLevel = compressionLevel
        self.retention = retention
        self.extraPerHeapByte = extraPerHeapByte
    }
}

extension CaptureSite {
    /// What a snapshot in place of such a heap would cost this service.
    public func predictedCost(heap: ByteCount, version: NodeVersion?, owner: String) -> SnapshotCost {
        SnapshotCost.predict(heap: heap, version: version, learned: learnedFactors(of: owner), extraPerHeapByte: extraPerHeapByte)
    }

    /// What its earlier snapshots have cost; reads one small file.
    public func learnedFactors(of owner: String) -> LearnedFactors? {
        (try? store.learnedCost(of: owner)).flatMap(\.self).map {
            LearnedFactors(
                extraPerHeapByte: $0.extraPerHeapByte, pausePerHeapByte: $0.pausePerHeapByte, bytesPerHeapByte: $0.bytesPerHeapByte, heap: $0.heap)
        }
    }
}

/// Use of a cgroup less what the kernel can take back before it kills.
/// - Returns: nil where the cgroup is gone.
public func workingSet(_ cgroup: any MemoryCgroup) throws -> ByteCount? {
    guard let current = try cgroup.current(), let statistics = try cgroup.statistics() else { return nil }
    return max(.zero, current - statistics.reclaimable)
}
