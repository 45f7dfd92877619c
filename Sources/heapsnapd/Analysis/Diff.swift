import HeapSnapshot

/// Two snapshots side by side, by the identity of objects that is right for them.
enum Diff {
    /// - Parameter identity: nil: found out, from the records, else from the snapshots.
    static func of(_ opened: [OpenedSnapshot], _ graphs: [SnapshotGraph], identity: Identity?) throws -> HeapSnapshot.Comparison {
        let after = HeapSnapshot.Census(graphs[1])
        return HeapSnapshot.Comparison(HeapSnapshot.Census(graphs[0], namedAs: after), after, identity: identity ?? .ids)
    }
}
