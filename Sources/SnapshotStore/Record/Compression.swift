/// How a snapshot lies on disk.
public enum Compression: String, Codable, Sendable, Hashable, CaseIterable {
    case zstd, none

    /// Of a file that holds a snapshot: `.heapsnapshot.zst`, `.heapsnapshot`.
    public var suffix: String { self == .zstd ? ".heapsnapshot.zst" : ".heapsnapshot" }

    /// What a file's name says; nil when it is not that of a snapshot.
    init?(fileName: String) {
        guard let match = Compression.allCases.first(where: { fileName.hasSuffix($0.suffix) }) else { return nil }
        self = match
    }
}
