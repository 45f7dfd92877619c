import SystemPackage
public import Units

/// All records of a store at one time.
public struct RecordList: Sendable {
    /// Oldest first: by the instant of the request; ids of one second are in no order.
    public var records: [SnapshotRecord] = []
    /// Files that should be records and cannot be read; never deleted.
    public var unreadable: [Unreadable] = []

    public init() {}

    public struct Unreadable: Sendable, Hashable {
        public var id: SnapshotID
        public var file: String
        public var reason: String
        public var cause: Cause

        /// `newer`: written by a later heapsnapd. `malformed`: not a record. `unavailable`: the file itself could not be read.
        public enum Cause: Sendable, Hashable { case newer, malformed, unavailable }
    }
}

extension SnapshotStore {
    /// Cost: reads every record, some 0.1 ms each.
    public func records() throws(StoreError) -> RecordList {
        let names = try naming("list", path) { () throws(Errno) in try directory.names() }
        var list = RecordList()
        for name in names.sorted() where name.hasSuffix(".json") {
            guard let id = SnapshotID(String(name.dropLast(5))) else { continue }
            switch try readRecord(id) {
            case .record(let record): list.records.append(record)
            case .unreadable(let unreadable): list.unreadable.append(unreadable)
            // Deleted since it was listed.
            case .gone: break
            }
        }
        list.records.sort { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return list
    }

    /// - Throws: `noRecord`, `unreadable`.
    public func record(_ id: SnapshotID) throws(StoreError) -> SnapshotRecord {
        switch try readRecord(id) {
        case .record(let record): return record
        case .unreadable(let unreadable): throw .unreadable(file: unreadable.file, reason: unreadable.reason)
        case .gone: throw .noRecord(id)
        }
    }

    /// Where the snapshot of a record lies, for people; read it with `read` or `export`.
    public func snapshotPath(_ record: SnapshotRecord) -> String? { record.file.map { "\(path)/\($0)" } }

    private enum Reading {
        case record(SnapshotRecord)
        case unreadable(RecordList.Unreadable)
        case gone
    }

    private func readRecord(_ id: SnapshotID) throws(StoreError) -> Reading {
        let name = "\(id).json"
        func unreadable(_ cause: RecordList.Unreadable.Cause, _ reason: String) -> Reading {
            .unreadable(RecordList.Unreadable(id: id, file: name, reason: reason, cause: cause))
        }
        let text: [UInt8]
        do throws(Errno) {
            guard let read = try directory.read(name) else { return .gone }
            text = read
        } catch { return unreadable(.unavailable, "\(error)") }
        do throws(RecordCodec.UnreadableText) {
            let record = try RecordCodec.decode(SnapshotRecord.self, from: text)
            if record.id != id { return unreadable(.malformed, "it is the record of \(record.id)") }
            if let file = record.file, !isSnapshotName(file, of: id) { return unreadable(.malformed, "its snapshot is not a file of this store") }
            return .record(record)
        } catch {
            if case .newer = error { return unreadable(.newer, "\(error)") }
            return unreadable(.malformed, "\(error)")
        }
    }
}
