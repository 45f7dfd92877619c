/// A class over three and more snapshots.
public struct ClassGrowth: Sendable, Hashable, Codable {
    public var name: String
    public var location: SourceLocation?
    /// Objects in each snapshot.
    public var counts: [Int]
    public var bytes: [UInt64]
    /// Of those in the last snapshot, how many first appeared in it and in each one before: `[there from the start, since the second, ...]`.
    public var survivors: [Int]
    public var survivorBytes: [UInt64]

    /// More of it each time, and something of each step is still there: transient objects come anew, and old ones of them are gone.
    public var grewInEveryStep: Bool {
        counts.count > 1 && zip(counts, counts.dropFirst()).allSatisfy { $0 < $1 } && survivors.dropFirst().allSatisfy { $0 > 0 }
    }
}

extension ClassGrowth {
    /// What came between each two snapshots and is in the last one still; the class of the last snapshot counts. Largest growth in bytes first.
    ///
    /// Cost: 20 ns an object of each.
    /// - Parameter snapshots: in the order of time, all but the last made with `namedAs:` the last.
    public static func over(_ snapshots: [Census], byLocation: Bool = false) -> [ClassGrowth] {
        guard let last = snapshots.last else { return [] }
        var indexes: [Census.Row: Int] = [:]
        var growths: [ClassGrowth] = []
        let zeros = Array(repeating: 0, count: snapshots.count)
        func index(of row: Census.Row) -> Int {
            let key = byLocation ? row : Census.Row(name: row.name)
            if let known = indexes[key] { return known }
            indexes[key] = growths.count
            growths.append(
                ClassGrowth(
                    name: key.name, location: key.location, counts: zeros, bytes: zeros.map(UInt64.init), survivors: zeros,
                    survivorBytes: zeros.map(UInt64.init)))
            return growths.count - 1
        }
        let rows = snapshots.map { $0.rows.map(index) }
        for (step, census) in snapshots.enumerated() {
            let tallies = census.tallies()
            for (row, tally) in tallies.enumerated() {
                growths[rows[step][row]].counts[step] += tally.count
                growths[rows[step][row]].bytes[step] += tally.bytes
            }
        }
        var born = [Int](repeating: 0, count: last.rows.count * snapshots.count)
        var bornBytes = [UInt64](repeating: 0, count: last.rows.count * snapshots.count)
        var places = zeros
        for at in 0..<last.count {
            let id = last.id.pointer[at]
            var first = snapshots.count - 1
            // Backwards as far as it is there without a gap.
            while first > 0, snapshots[first - 1].contains(id, from: &places[first - 1]) { first -= 1 }
            let cell = Int(last.rowOf.pointer[at]) * snapshots.count + first
            born[cell] += 1
            bornBytes[cell] += last.sizes.size(at)
        }
        for row in last.rows.indices {
            for step in snapshots.indices {
                growths[rows[snapshots.count - 1][row]].survivors[step] += born[row * snapshots.count + step]
                growths[rows[snapshots.count - 1][row]].survivorBytes[step] += bornBytes[row * snapshots.count + step]
            }
        }
        return growths.filter { $0.counts.contains { $0 > 0 } }
            .sorted { ($1.growth, $0.name, $0.location?.line ?? 0) < ($0.growth, $1.name, $1.location?.line ?? 0) }
    }

    private var growth: Int64 { Int64(clamping: bytes.last ?? 0) - Int64(clamping: bytes.first ?? 0) }
}

extension Census {
    /// Objects and bytes by row.
    fileprivate func tallies() -> [(count: Int, bytes: UInt64)] {
        var tallies: [(count: Int, bytes: UInt64)] = Array(repeating: (0, 0), count: rows.count)
        tallies.withUnsafeMutableBufferPointer { tallies in
            for at in 0..<count {
                let row = Int(rowOf.pointer[at])
                tallies[row].count &+= 1
                tallies[row].bytes &+= sizes.size(at)
            }
        }
        return tallies
    }

    /// - Parameter place: where to look from; ids asked for must ascend.
    fileprivate func contains(_ wanted: UInt32, from place: inout Int) -> Bool {
        while place < count, id.pointer[place] < wanted { place &+= 1 }
        return place < count && id.pointer[place] == wanted
    }
}
