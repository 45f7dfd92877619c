public import Units

/// How much of the past is kept; what is not, is deleted oldest first. Pure: the caller deletes the victims.
///
/// Never a victim: the newest snapshot of all, the record just written, what is still in progress, and what cannot be parsed (it is no
/// `SnapshotRecord`).
public struct Retention: Sendable, Hashable {
    /// Stored bytes of all snapshots together.
    public var maxUse: ByteCount?
    /// Free bytes that must stay on the file system.
    public var keepFree: ByteCount?
    /// Of any record.
    public var maxAge: Duration?
    /// Snapshots of one service.
    public var maxCountPerService: Int?
    /// Records without a snapshot, of one service; contract 28.
    public static let maxBareRecordsPerService = 1_000

    public init(maxUse: ByteCount? = nil, keepFree: ByteCount? = nil, maxAge: Duration? = nil, maxCountPerService: Int? = nil) {
        self.maxUse = maxUse
        self.keepFree = keepFree
        self.maxAge = maxAge
        self.maxCountPerService = maxCountPerService
    }

    public enum Cause: String, Sendable, Hashable, Codable { case age, count, use, free }

    public struct Victim: Sendable, Hashable {
        public var id: SnapshotID
        public var cause: Cause
        /// What its deletion gives back.
        public var storedBytes: ByteCount
    }

    /// - Parameters:
    ///   - records: in any order.
    ///   - free: of the store's file system; nil when unknown, and then nothing is deleted for its sake.
    ///   - written: the record just published.
    /// - Returns: oldest first. Cost: O(n log n).
    public func victims(_ records: [SnapshotRecord], free: ByteCount? = nil, now: Timestamp, written: SnapshotID? = nil) -> [Victim] {
        let sorted = records.sorted { $0.id < $1.id }
        let newest = sorted.last(where: \.hasSnapshot)?.id
        var victims: [SnapshotID: Cause] = [:]
        func mayGo(_ record: SnapshotRecord) -> Bool {
            record.id != newest && record.id != written && !record.state.isInProgress && victims[record.id] == nil
        }

        if let maxAge {
            for record in sorted where mayGo(record) && Double(now.milliseconds - record.createdAt.milliseconds) / 1_000 > maxAge.inSeconds {
                victims[record.id] = .age
            }
        }
        for (_, ofService) in Dictionary(grouping: sorted, by: \.owner) {
            func thin(_ kept: [SnapshotRecord], to limit: Int) {
                let left = kept.filter { victims[$0.id] == nil }
                for record in left.filter(mayGo).prefix(max(0, left.count - limit)) { victims[record.id] = .count }
            }
            if let maxCountPerService { thin(ofService.filter(\.hasSnapshot), to: maxCountPerService) }
            thin(ofService.filter { !$0.hasSnapshot }, to: Self.maxBareRecordsPerService)
        }
        func deleteOldest(until isEnough: (_ freed: ByteCount) -> Bool, cause: Cause) {
            var freed = sorted.filter { victims[$0.id] != nil }.reduce(ByteCount.zero) { $0 + ($1.storedBytes ?? .zero) }
            for record in sorted where record.hasSnapshot && !isEnough(freed) && mayGo(record) {
                victims[record.id] = cause
                freed += record.storedBytes ?? .zero
            }
        }
        if let maxUse {
            let use = sorted.reduce(ByteCount.zero) { $0 + ($1.hasSnapshot ? $1.storedBytes ?? .zero : .zero) }
            deleteOldest(until: { use - $0 <= maxUse }, cause: .use)
        }
        if let keepFree, let free { deleteOldest(until: { free + $0 >= keepFree }, cause: .free) }

        return sorted.compactMap { record in
            victims[record.id].map { Victim(id: record.id, cause: $0, storedBytes: record.storedBytes ?? .zero) }
        }
    }
}
