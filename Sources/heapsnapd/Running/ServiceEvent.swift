import SnapshotStore

/// What a watch tells whoever wants to know: hooks, and the daemon's counts.
struct ServiceEvent: Sendable {
    enum Kind: String, Sendable, CaseIterable {
        /// A snapshot was stored, or what there was of it.
        case capture
        case refusal, death
    }

    var kind: Kind
    var record: SnapshotRecord
    /// Of the stored file; nil: nothing was stored.
    var path: String?
    /// The same refusal as before, with nothing else in between: it is tried again and again.
    var isRepeated = false
}

/// Whom a watch tells.
struct ServiceListener: Sendable {
    var happened: @Sendable (ServiceEvent) async -> Void
    /// A rule's `exec`: as a hook, and within the same bounds.
    var run: @Sendable (HookCommand) async -> Void
    /// Of a snapshot: one at a time, and nothing waits for it.
    var analyse: @Sendable (HookCommand) async -> Void
}
