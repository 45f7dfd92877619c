/// By what it is decided which objects of two snapshots are the same.
public enum Identity: String, Sendable, Hashable, Codable, CaseIterable {
    /// V8's object ids: right for snapshots in place of one process.
    case ids
    /// Through an alignment of the two heaps: for copy-on-write snapshots of one process, each of which numbers its objects anew.
    case aligned
    /// Not at all: only net counts and sizes are compared.
    case none
}
