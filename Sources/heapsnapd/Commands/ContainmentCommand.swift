public import ArgumentParser
public import HeapSnapshot
import Units

struct ContainmentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "containment", abstract: "What an object refers to, from the roots downwards.",
        discussion: """
            EXAMPLES
              heapsnapd containment latest              the roots, those of the program first
              heapsnapd containment latest @95291 --sort edge
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Argument(help: "An object's id, with @; default: the root.") var object: String?
    @Option(help: "Sort by retained, or as the object has its references: edge.") var sort = SnapshotViews.ReferenceOrder.retained
    @Option(name: .shortAndLong, help: ArgumentHelp("References; 0 for all.", valueName: "n")) var limit = 30
    @OptionGroup var reading: ReadingOptions

    func validate() throws { if limit < 0 { throw ValidationError("--limit takes 0 or more, not \(limit)") } }

    func run() throws {
        let views = try snapshot.views(options, reading.way)
        let node = try object.map { object in try found { () throws(NodeQueryError) in try views.node(object) } }
        let containment = views.containment(of: node, order: sort, limit: limit)
        if options.json { return JSONOutput.print(containment) }
        var table = NodeTable("REFERENCE")
        for reference in containment.references { table.add(reference.node, "\(reference.edge.text)  \(reference.node.title)") }
        let left = containment.count - containment.references.count
        Terminal.print("\(containment.node.title) @\(containment.node.id)\n\(table.text)" + (left > 0 ? "\n\(left) more; --limit 0 shows all" : ""))
    }
}

extension SnapshotViews.ReferenceOrder: ExpressibleByArgument {}
