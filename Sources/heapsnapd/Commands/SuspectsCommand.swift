import ArgumentParser
import HeapSnapshot

struct SuspectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "suspects", abstract: "What leaks and why, in sentences.",
        discussion: """
            EXAMPLES
              heapsnapd suspects latest                       where much is held at one place
              heapsnapd suspects latest~1 latest              what grew between two
              heapsnapd suspects first.heapsnapshot second.heapsnapshot third.heapsnapshot

            Several snapshots are of one program, the oldest first. What did not grow in every step is left out. No suspects, exit status 0.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshots: [SnapshotArgument]
    @Option(name: .shortAndLong, help: ArgumentHelp("Suspects.", valueName: "n")) var limit = 5
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        try snapshots.validate()
        if snapshots.isEmpty { throw ValidationError("suspects takes one snapshot or more") }
        if limit < 1 { throw ValidationError("--limit takes 1 or more, not \(limit)") }
    }

    func run() throws {
        let opened = try snapshots.map { try $0.open(options, reading.way) }
        let suspects = SnapshotGraph.suspects(
            in: opened.map { SnapshotGraph($0.snapshot, threads: reading.threads) }, comparableIds: OpenedSnapshot.haveComparableIDs(opened),
            limit: limit)
        if options.json { return JSONOutput.print(Document(suspects: suspects)) }
        guard !suspects.isEmpty else { return Terminal.print(opened.count > 1 ? "nothing grows" : "nothing stands out") }
        for (index, suspect) in suspects.enumerated() { Terminal.print("\(index + 1). \(suspect.text)" + (index + 1 < suspects.count ? "\n" : "")) }
    }

    private struct Document: Encodable { var suspects: [Suspect] }
}

extension OpenedSnapshot {
    /// The records say so; of bare files nobody does.
    static func haveComparableIDs(_ snapshots: [OpenedSnapshot]) -> Bool {
        let lineages = snapshots.map { $0.record?.lineage }
        return snapshots.count > 1 && lineages[0] != nil && lineages.allSatisfy { $0 == lineages[0] }
    }
}

extension Suspect {
    /// For people: the sentence, what is sure of it, the way there, where to look.
    var text: String {
        var lines = [sentence.shortened(to: 500)]
        lines.append("   confidence \(Int((confidence * 100).rounded())) %")
        if !path.isEmpty { lines.append("   path: " + path.map(\.text).joined(separator: " → ").shortened(to: 600)) }
        for place in places.prefix(3) { lines.append("   look at \(place.description.shortened(to: 200))") }
        return lines.joined(separator: "\n")
    }
}

extension SuspectStep {
    var text: String {
        let step = edge.isEmpty ? className : "\(edge): \(className)"
        return repeats > 1 ? "\(step) (\(period > 1 ? "this and the next \(period - 1), " : "")\(repeats) times)" : step
    }
}
