public import Units

/// Why a name of a snapshot on the command line names none, or several.
public enum ResolveError: Error, Sendable, Hashable, CustomStringConvertible {
    case none(String)
    case ambiguous(String, candidates: [SnapshotID])

    public var description: String {
        switch self {
        case .none("latest"): "cannot find 'latest': no snapshot has been captured yet; `heapsnapd list` shows what was refused or lost"
        case .none(let name): "cannot find '\(name)': no such snapshot; `heapsnapd list` shows all"
        case .ambiguous(let name, let candidates):
            "cannot find '\(name)': it could be \(candidates.map(\.text).joined(separator: ", ")); give more of the id"
        }
    }
}

extension RecordList {
    /// - Parameter name: `latest`, `latest~1` (the one before), or the beginning of an id that no other has. `latest` counts only
    ///   records that hold a snapshot.
    public func resolve(_ name: String) throws(ResolveError) -> SnapshotRecord {
        if let back = Self.stepsBack(name) {
            let held = records.filter(\.hasSnapshot)
            guard back < held.count else { throw .none(name) }
            return held[held.count - 1 - back]
        }
        let matches = records.filter { !name.isEmpty && $0.id.text.hasPrefix(name) }
        if matches.count > 1 { throw .ambiguous(name, candidates: matches.map(\.id)) }
        guard let match = matches.first else { throw .none(name) }
        return match
    }

    private static func stepsBack(_ name: String) -> Int? {
        if name == "latest" { return 0 }
        guard name.hasPrefix("latest~") else { return nil }
        return Int(name.dropFirst(7)).flatMap { $0 >= 0 ? $0 : nil }
    }
}

extension SnapshotStore {
    /// - Throws: `ResolveError`, `StoreError`.
    public func resolve(_ name: String) throws -> SnapshotRecord { try records().resolve(name) }
}
