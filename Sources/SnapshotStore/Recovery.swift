import Glibc
import SystemPackage
import Units

/// What a start found and put right.
public struct Recovery: Sendable, Hashable {
    /// Snapshots that had no record and have one now.
    public var adopted: [SnapshotRecord] = []
    /// Litter of writers that were killed.
    public var removed: [String] = []
    /// Records that were not JSON, moved to quarantine/.
    public var quarantined: [String] = []
}

extension SnapshotStore {
    /// Puts right what a kill at any point can have left. Safe while other processes use the store: what they hold is locked or has no
    /// name, and an adopted record never replaces one that appears meanwhile.
    ///
    /// Cost: reads every record; and all of a snapshot that is adopted.
    /// - Parameter verifier: makes a fresh one for each snapshot.
    public func recover(verifier: () -> some StreamVerifying) throws -> Recovery {
        var recovery = Recovery()
        for directory in [directory, try part(.state), try part(.learned)] { recovery.removed += try removeLitter(in: directory) }
        for unreadable in try records().unreadable where unreadable.cause == .malformed {
            if try setAside(unreadable.file) { recovery.quarantined.append(unreadable.file) }
        }
        let names = Set(try naming("list", path) { () throws(Errno) in try directory.names() })
        for name in names.sorted() {
            guard let compression = Compression(fileName: name), let id = SnapshotID(String(name.dropLast(compression.suffix.count))),
                !names.contains("\(id).json")
            else { continue }
            if let record = try adopt(name, id, compression, verifier()) { recovery.adopted.append(record) }
        }
        return recovery
    }

    /// - Returns: nil when its writer published it meanwhile, or it is no regular file.
    private func adopt(_ name: String, _ id: SnapshotID, _ compression: Compression, _ fresh: some StreamVerifying) throws -> SnapshotRecord? {
        var verifier = fresh
        var record = SnapshotRecord(id: id, state: .invalid, service: "unknown", reason: "adopted", engine: "none", createdAt: creation(of: id))
        do {
            var seen = ByteCount.zero
            let content: StoredContent?
            do {
                content = try readSnapshot(name) {
                    verifier.consume($0)
                    seen += ByteCount($0.count)
                }
                record.detail = "a snapshot without a record was found: its writer was killed before it could tell more"
            } catch StoreError.damaged(_, let reason) {
                content = nil
                record.detail = "a snapshot without a record was found, and its file is damaged: \(reason)"
            }
            record.bytes = content?.bytes ?? seen
            record.storedBytes = content?.storedBytes
            record.sha256 = content?.sha256
            record.apply(verifier.verdict(), isWhole: content != nil, seen: seen)
        } catch StoreError.notRegularFile { return nil } catch StoreError.call(_, _, .tooManySymbolicLinkLevels) { return nil }
        record.file = name
        record.compression = compression
        do { try publish(record, replacing: false) } catch StoreError.alreadyExists { return nil }
        return record
    }

    private func removeLitter(in directory: Directory) throws -> [String] {
        let names = try naming("list", directory.path) { () throws(Errno) in try directory.names() }
        return names.filter { name in
            guard name.hasPrefix(StagedFile.temporaryPrefix), let file = try? directory.open(name) else { return false }
            defer { try? file.close() }
            // Its writer holds the lock for as long as it lives.
            guard flock(file.rawValue, LOCK_EX | LOCK_NB) == 0 else { return false }
            return (try? directory.remove(name)) == true
        }
    }

    private func setAside(_ name: String) throws -> Bool {
        let quarantine = try part(.quarantine)
        do throws(Errno) { try directory.rename(name, to: quarantine, as: "\(name).\(getpid())") } catch .noSuchFileOrDirectory { return false } catch
        {
            throw StoreError.call(verb: "set aside", subject: "\(path)/\(name)", errno: error)
        }
        return true
    }

    /// `20261121T003136-89abcdef` says it.
    private func creation(of id: SnapshotID) -> Timestamp {
        let digits = Array(id.text)
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        let text = "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
        return Timestamp(text) ?? Timestamp(milliseconds: 0)
    }
}

extension SnapshotRecord {
    /// Takes over what is known once a snapshot lies in the store: state, sizes, hash, counts.
    public mutating func apply(_ ingested: Ingested) {
        file = ingested.file
        bytes = ingested.bytes
        storedBytes = ingested.storedBytes
        sha256 = ingested.sha256
        compression = ingested.compression
        apply(ingested.verdict, isWhole: true, seen: ingested.bytes)
    }

    /// - Parameter isWhole: all stored bytes could be read back.
    mutating func apply(_ verdict: StreamVerdict, isWhole: Bool, seen: ByteCount) {
        switch verdict {
        case .complete(let nodes, let edges):
            // Bytes lost behind the end of a snapshot are still a damaged file.
            state = isWhole ? .complete : .truncated
            nodeCount = nodes
            edgeCount = edges
            truncatedAt = isWhole ? nil : seen
        case .truncated(let at, let expected):
            state = .truncated
            truncatedAt = at
            detail = [detail, "the snapshot ends at byte \(at.bytes), where \(expected) should follow"].compactMap(\.self).joined(separator: "; ")
        case .invalid(let at, let reason):
            state = .invalid
            truncatedAt = at
            detail = [detail, "the snapshot goes wrong at byte \(at.bytes): \(reason)"].compactMap(\.self).joined(separator: "; ")
        }
    }
}
