/// A row of the Comparison view: what came and what went of a class.
public struct ClassChange: Sendable, Hashable, Codable {
    public var name: String
    public var location: SourceLocation?
    /// nil where it cannot be known which objects are the same in both (`Identity.none`).
    public var addedCount: Int?
    public var addedBytes: UInt64?
    public var removedCount: Int?
    public var removedBytes: UInt64?
    /// Added less removed.
    public var countDelta = 0
    /// Added less removed: an object that is in both and changed its size does not count (DevTools).
    public var bytesDelta: Int64 = 0
    /// In each of the two, everything.
    public var countBefore = 0
    public var countAfter = 0
    public var bytesBefore: UInt64 = 0
    public var bytesAfter: UInt64 = 0
}

/// Two snapshots side by side.
public struct Comparison: Sendable, Hashable, Codable {
    public var identity: Identity
    public var before: HeapTotals
    public var after: HeapTotals
    /// Rows in which anything came or went, the largest growth in bytes first.
    public var rows: [ClassChange]

    /// DevTools' Comparison view (calculateSnapshotDiff): what is only in `after` was added, what is only in `before` removed. An object that
    /// changed its class was removed in one row and added in another. Cost: 10 ns an object.
    ///
    /// - Parameters:
    ///   - before: made with `namedAs: after`.
    ///   - identity: where the ids are from, to be told with the result.
    ///   - byLocation: DevTools' rows; else rows of one name from several places are one.
    public init(_ before: Census, _ after: Census, identity: Identity = .ids, byLocation: Bool = false) {
        let (rows, rowsOfBefore) = Comparison.rowsOfBoth(before, after)
        var changes = rows.map { ClassChange(name: $0.name, location: $0.location, addedCount: 0, addedBytes: 0, removedCount: 0, removedBytes: 0) }
        var tallies = [Tally](repeating: Tally(), count: rows.count)
        tallies.withUnsafeMutableBufferPointer { tallies in
            Comparison.merge(before, rowsOfBefore, after, tallies.baseAddress!)
        }
        for (row, tally) in tallies.enumerated() { changes[row].set(tally) }
        (self.identity, self.before, self.after) = (identity, before.totals, after.totals)
        self.rows = Comparison.sorted((byLocation ? changes : Comparison.joined(changes)).filter { $0.addedCount != 0 || $0.removedCount != 0 })
    }

    /// The rows of the later one, and those that only the earlier one has; and for each row of the earlier one where it is among them.
    static func rowsOfBoth(_ before: Census, _ after: Census) -> ([Census.Row], [UInt32]) {
        var rows = after.rows
        var indexes = Dictionary(rows.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let ofBefore = before.rows.map { row in
            if let known = indexes[row] { return UInt32(known) }
            indexes[row] = rows.count
            rows.append(row)
            return UInt32(rows.count - 1)
        }
        // A row more, so that there is one.
        if rows.isEmpty { rows.append(Census.Row(name: "")) }
        return (rows, ofBefore)
    }

    struct Tally {
        var (added, removed, before, after) = (0, 0, 0, 0)
        var (addedBytes, removedBytes, bytesBefore, bytesAfter): (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    }

    /// Both in the order of the ids.
    private static func merge(_ before: Census, _ rowsOfBefore: [UInt32], _ after: Census, _ tally: UnsafeMutablePointer<Tally>) {
        let (beforeID, beforeRow) = (before.id.pointer, before.rowOf.pointer)
        let (afterID, afterRow) = (after.id.pointer, after.rowOf.pointer)
        func remove(_ at: Int, _ isGone: Bool) {
            let row = Int(rowsOfBefore[Int(beforeRow[at])])
            let size = before.sizes.size(at)
            tally[row].before &+= 1
            tally[row].bytesBefore &+= size
            guard isGone else { return }
            tally[row].removed &+= 1
            tally[row].removedBytes &+= size
        }
        func add(_ at: Int, _ isNew: Bool) {
            let row = Int(afterRow[at])
            let size = after.sizes.size(at)
            tally[row].after &+= 1
            tally[row].bytesAfter &+= size
            guard isNew else { return }
            tally[row].added &+= 1
            tally[row].addedBytes &+= size
        }
        var (old, new) = (0, 0)
        while old < before.count, new < after.count {
            let (oldID, newID) = (beforeID[old], afterID[new])
            if oldID == newID {
                let isSame = rowsOfBefore[Int(beforeRow[old])] == afterRow[new]
                remove(old, !isSame)
                add(new, !isSame)
            } else if oldID < newID {
                remove(old, true)
            } else {
                add(new, true)
            }
            if oldID <= newID { old &+= 1 }
            if newID <= oldID { new &+= 1 }
        }
        for at in old..<before.count { remove(at, true) }
        for at in new..<after.count { add(at, true) }
    }

    /// Rows of one name become one.
    static func joined(_ changes: [ClassChange]) -> [ClassChange] {
        var (result, indexes): ([ClassChange], [String: Int]) = ([], [:])
        for change in changes {
            if let known = indexes[change.name] {
                result[known].add(change)
            } else {
                indexes[change.name] = result.count
                result.append(change)
                result[result.count - 1].location = nil
            }
        }
        return result
    }

    static func sorted(_ changes: [ClassChange]) -> [ClassChange] {
        changes.sorted { a, b in
            if a.bytesDelta != b.bytesDelta { return a.bytesDelta > b.bytesDelta }
            if a.countDelta != b.countDelta { return a.countDelta > b.countDelta }
            if a.name != b.name { return a.name < b.name }
            return a.location ?? .none < b.location ?? .none
        }
    }
}

extension SourceLocation {
    /// Before all others.
    fileprivate static let none = SourceLocation(script: .min, line: .min, column: .min)
}

extension ClassChange {
    fileprivate mutating func set(_ tally: Comparison.Tally) {
        (addedCount, removedCount) = (tally.added, tally.removed)
        (addedBytes, removedBytes) = (tally.addedBytes, tally.removedBytes)
        (countDelta, bytesDelta) = (tally.added - tally.removed, Int64(clamping: tally.addedBytes) - Int64(clamping: tally.removedBytes))
        (countBefore, countAfter, bytesBefore, bytesAfter) = (tally.before, tally.after, tally.bytesBefore, tally.bytesAfter)
    }

    fileprivate mutating func add(_ other: ClassChange) {
        addedCount = addedCount.map { $0 + (other.addedCount ?? 0) }
        addedBytes = addedBytes.map { $0 &+ (other.addedBytes ?? 0) }
        removedCount = removedCount.map { $0 + (other.removedCount ?? 0) }
        removedBytes = removedBytes.map { $0 &+ (other.removedBytes ?? 0) }
        countDelta += other.countDelta
        bytesDelta &+= other.bytesDelta
        countBefore += other.countBefore
        countAfter += other.countAfter
        bytesBefore &+= other.bytesBefore
        bytesAfter &+= other.bytesAfter
    }
}
