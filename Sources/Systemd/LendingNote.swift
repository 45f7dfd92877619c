import Units

/// Our own drop-in beside the one that SetUnitProperties writes. It comes last of all, so that the limit stands when the administrator edits the
/// unit and reloads in mid-loan; and it says which values are ours, so that nobody else's is taken away.
struct LendingNote: Sendable, Hashable {
    /// The last one and the one before: after a crash 50-MemoryMax.conf holds either.
    var lent: [ByteCount]

    /// ```
    /// # heapsnapd lends memory to this unit while a snapshot is taken, and removes this file afterwards.
    /// # lent: 629145600 734003200
    /// [Service]
    /// MemoryMax=734003200
    /// ```
    /// - Returns: nil where this is no note of ours.
    static func parse(_ text: String) -> LendingNote? {
        for line in text.split(separator: "\n") where line.hasPrefix("# lent:") {
            let lent = line.dropFirst("# lent:".count).split(separator: " ").compactMap { Int64($0) }.map { ByteCount($0) }
            return lent.isEmpty ? nil : LendingNote(lent: lent)
        }
        return nil
    }

    func text(unit: String) -> String {
        let type = UnitPlace.type(unit).map { $0.prefix(1).uppercased() + $0.dropFirst() } ?? "Service"
        return """
            # heapsnapd lends memory to this unit while a snapshot is taken, and removes this file afterwards.
            # lent: \(lent.map { "\($0.bytes)" }.joined(separator: " "))
            [\(type)]
            MemoryMax=\(lent.last?.bytes ?? 0)

            """
    }
}
