import HeapSnapshot
import SnapshotStore
import Units

/// What is kept beside a record: the largest classes of a snapshot, and those that grew since the one before of the same service.
struct CaptureAnalysis: Codable, Sendable, Hashable {
    struct Row: Codable, Sendable, Hashable {
        var name: String
        var count: Int
        var shallowBytes: UInt64
        var retainedBytes: UInt64
    }

    /// Net: what was freed and allocated anew does not show. Object ids mean nothing between two copies (contract 33).
    struct Growth: Codable, Sendable, Hashable {
        var name: String
        var count: Int
        var shallowBytes: Int64
        var retainedBytes: Int64
    }

    var totalBytes: UInt64
    var largest: [Row]
    /// nil: there is none before it.
    var since: SnapshotID?
    var previousTotalBytes: UInt64?
    /// By shallow size, which, unlike retained size, is counted once.
    var grown: [Growth]?

    private static let rows = 20

    init(_ rows: [ClassSummary], totalBytes: UInt64) {
        self.totalBytes = totalBytes
        largest = rows.prefix(Self.rows).map {
            Row(name: $0.name, count: $0.count, shallowBytes: $0.shallowBytes, retainedBytes: $0.retainedBytes)
        }
    }

    /// - Parameter earlier: rows of the one before, all of them.
    mutating func compare(_ now: [ClassSummary], with earlier: [ClassSummary], totalBytes: UInt64, since id: SnapshotID) {
        let before = Dictionary(earlier.map { ($0.name, $0) }) { first, _ in first }
        grown = now.map { row in
            let old = before[row.name]
            return Growth(
                name: row.name, count: row.count - (old?.count ?? 0), shallowBytes: Int64(row.shallowBytes) - Int64(old?.shallowBytes ?? 0),
                retainedBytes: Int64(row.retainedBytes) - Int64(old?.retainedBytes ?? 0))
        }
        .filter { $0.shallowBytes > 0 }.sorted { ($1.shallowBytes, $0.name) < ($0.shallowBytes, $1.name) }.prefix(Self.rows).map(\.self)
        (since, previousTotalBytes) = (id, totalBytes)
    }

    /// One line: `+12 MiB since 20261121T0031: (string) +9 MiB, User +2 MiB (+300)`. Names of classes, never of strings.
    var headline: String {
        guard let since, let previousTotalBytes, let grown else {
            return "\(ByteCount(clamping: totalBytes)); most by "
                + largest.prefix(3).map { "\($0.name.shortened(to: 40)) (\($0.count))" }.joined(separator: ", ")
        }
        let delta = ByteCount(Int64(totalBytes) - Int64(previousTotalBytes))
        let most = grown.prefix(3).map { "\($0.name.shortened(to: 40)) +\(ByteCount($0.shallowBytes)) (+\($0.count))" }
        return "\(delta < .zero ? "" : "+")\(delta) since \(since): \(most.isEmpty ? "no class grew" : most.joined(separator: ", "))"
    }
}
