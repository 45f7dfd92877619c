import ArgumentParser
import HeapSnapshot
import Units

struct DominatorsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dominators", abstract: "What would have to go for an object to go, and what would go with it.",
        discussion: """
            EXAMPLES
              heapsnapd dominators latest @95291
              heapsnapd dominators latest @1 --limit 10     the largest of the whole heap
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Argument(help: "An object's id, with @.") var object: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Dominated objects; 0 for all.", valueName: "n")) var limit = 20
    @OptionGroup var reading: ReadingOptions

    func validate() throws { if limit < 0 { throw ValidationError("--limit takes 0 or more, not \(limit)") } }

    func run() throws {
        let views = try snapshot.views(options, reading.way)
        let node = try found { () throws(NodeQueryError) in try views.node(object) }
        let dominance = views.dominance(of: node, limit: limit)
        if options.json { return JSONOutput.print(dominance) }
        var chain = NodeTable("DOMINATED BY")
        for row in dominance.chain { chain.add(row) }
        var dominated = NodeTable("DOMINATES")
        for row in dominance.dominated { dominated.add(row) }
        Terminal.print(chain.text + (dominance.omitted > 0 ? "\n\(dominance.omitted) more between them" : ""))
        guard !dominance.dominated.isEmpty else { return }
        let left = dominance.dominatedCount - dominance.dominated.count
        Terminal.print("\n\(dominated.text)" + (left > 0 ? "\n\(left) more; --limit 0 shows all" : ""))
    }
}
