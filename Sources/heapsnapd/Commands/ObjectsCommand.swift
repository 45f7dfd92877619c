public import ArgumentParser
public import HeapSnapshot
import Units

struct ObjectsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "objects", abstract: "The objects of a class, the largest first.",
        discussion: """
            EXAMPLES
              heapsnapd objects latest Request
              heapsnapd objects leak.heapsnapshot Map --sort shallow --limit 5
              heapsnapd objects latest '(string)' --json --limit 0 | jq -r '.objects[].name'

            A part of the name is enough where only one class has it. Names may hold what the service's strings hold.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Argument(help: "A class, as `summary` names it.") var name: String
    @Option(help: "Sort by retained, shallow, distance or id.") var sort = MemberOrder.retained
    @Option(name: .shortAndLong, help: ArgumentHelp("Objects; 0 for all.", valueName: "n")) var limit = 30
    @OptionGroup var reading: ReadingOptions

    func validate() throws { if limit < 0 { throw ValidationError("--limit takes 0 or more, not \(limit)") } }

    func run() throws {
        let views = try snapshot.views(options, reading.way)
        let members = views.members(of: try found { () throws(NodeQueryError) in try views.classNamed(name) }, order: sort, limit: limit)
        if options.json { return JSONOutput.print(members) }
        var table = NodeTable()
        for object in members.objects { table.add(object) }
        Terminal.print("\(members.count) objects, \(ByteCount(clamping: members.shallowBytes))\n\(table.text)")
    }
}

extension MemberOrder: ExpressibleByArgument {}
