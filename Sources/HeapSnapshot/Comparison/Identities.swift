/// An id for every node of a snapshot, other than the one it was written with.
public struct Identities: Sendable {
    /// By ordinal.
    let id: Column<UInt32>

    public subscript(node: Int) -> UInt32 { id[node] }
}
