import Units

/// A service that restarts and dies each second, or is refused each minute, must not bury the rest: the same event in a row is one record.
public enum RepeatedRecord {
    /// - Parameter newest: the newest record of the same service, if there is one.
    /// - Returns: `newest` counted once more, to be published in place of `record`; nil when `record` is new and stands for itself.
    public static func fold(_ record: SnapshotRecord, into newest: SnapshotRecord?) -> SnapshotRecord? {
        guard var folded = newest, !record.hasSnapshot, !folded.hasSnapshot, key(record) == key(folded), !record.state.isInProgress else {
            return nil
        }
        folded.count += record.count
        folded.completedAt = record.completedAt ?? record.createdAt
        folded.detail = record.detail ?? folded.detail
        folded.instance = record.instance ?? folded.instance
        folded.pid = record.pid ?? folded.pid
        return folded
    }

    private struct Key: Equatable {
        var service: String, reason: String, state: SnapshotRecord.State, refusal: String?, cause: SnapshotRecord.Exit.Cause?, status: Int32?,
            signal: Int32?
    }

    private static func key(_ record: SnapshotRecord) -> Key {
        Key(
            service: record.service, reason: record.reason, state: record.state, refusal: record.refusal?.code, cause: record.exit?.cause,
            status: record.exit?.status, signal: record.exit?.signal)
    }
}
