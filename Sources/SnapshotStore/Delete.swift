import SystemPackage
public import Units

extension SnapshotStore {
    /// The snapshot goes first: killed in between, we leave a record that says "missing" rather than a snapshot that would be adopted again.
    ///
    /// - Throws: `noRecord`; `unreadable`, for what cannot be parsed is not deleted.
    public func delete(_ id: SnapshotID) throws(StoreError) {
        let record = try record(id)
        if let file = record.file { try removeSnapshot(file) }
        removeAnalysis(of: id)
        try naming("delete", "\(path)/\(id).json") { () throws(Errno) in try directory.remove("\(id).json") }
        try naming("sync", path) { () throws(Errno) in try directory.sync() }
    }

    /// Takes back a snapshot that was ingested and will not be published, such as a second copy.
    public func discard(_ ingested: Ingested) throws(StoreError) { try removeSnapshot(ingested.file) }

    private func removeSnapshot(_ file: String) throws(StoreError) {
        try naming("delete", "\(path)/\(file)") { () throws(Errno) in try directory.remove(file) }
    }
}
