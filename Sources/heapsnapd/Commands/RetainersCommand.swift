import ArgumentParser
import HeapSnapshot
import Units

struct RetainersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retainers", abstract: "Who holds an object, or the objects of a class: the shortest paths to the roots.",
        discussion: """
            EXAMPLES
              heapsnapd retainers latest @95291
              heapsnapd retainers latest @95291 --all --depth 10
              heapsnapd retainers leak.heapsnapshot Request

            Of a class the paths of its members are counted, those first that most of them have. What repeats in a path is folded.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Argument(help: "An object's id, with @, or a class.") var what: String
    @Flag(help: "All paths of an object, as the Retainers view of DevTools, and not just one.") var all = false
    @Option(help: ArgumentHelp("With --all: references upwards.", valueName: "n")) var depth = 30
    @Option(name: .shortAndLong, help: ArgumentHelp("Of a class: paths.", valueName: "n")) var limit = 10
    @OptionGroup var reading: ReadingOptions

    func validate() throws {
        if depth < 1 || limit < 1 { throw ValidationError("--depth and --limit take 1 or more") }
        if all, !what.hasPrefix("@") { throw ValidationError("--all takes an object, such as @123, not a class") }
    }

    func run() throws {
        let views = try snapshot.views(options, reading.way)
        switch try found({ () throws(NodeQueryError) in try views.find(what) }) {
        case .node(let node) where all: tell(views.retainingPaths(of: node, limits: .init(depth: depth)))
        case .node(let node): tell(views.row(node), views.shortestPath(of: node))
        case .members(let name): tell(views.paths(ofClass: name, limit: limit))
        }
    }

    private struct OnePath: Encodable {
        var node: NodeRow
        var path: FoldedPath?
    }

    private func tell(_ node: NodeRow, _ path: FoldedPath?) {
        if options.json { return JSONOutput.print(OnePath(node: node, path: path)) }
        Terminal.print("\(node.title) @\(node.id), retained \(ByteCount(clamping: node.retainedBytes))")
        Terminal.print(path.map(Self.text) ?? "  no reference leads here")
    }

    static func text(_ path: FoldedPath) -> String {
        path.segments.map { segment in
            let steps = segment.steps.map { "  \($0.text.shortened(to: 160))" }
            if segment.omitted > 0 { return "  … \(segment.omitted) more …" }
            return segment.times > 1 ? "  \(segment.times) times:\n" + steps.map { "  " + $0 }.joined(separator: "\n") : steps.joined(separator: "\n")
        }
        .joined(separator: "\n") + (path.endsAtUserRoot ? "" : "\n  (V8's own root)")
    }

    private func tell(_ paths: RetainingPaths) {
        if options.json { return JSONOutput.print(paths) }
        Terminal.print("\(paths.node.title) @\(paths.node.id), retained \(ByteCount(clamping: paths.node.retainedBytes))")
        func tell(_ steps: [RetainingPaths.Step], _ indent: Int) {
            for step in steps {
                let distance = step.node.distance.distanceText
                Terminal.print(
                    String(repeating: "  ", count: indent) + "\(step.edge.text) of \(step.node.title) @\(step.node.id), distance \(distance)")
                tell(step.retainers, indent + 1)
            }
        }
        tell(paths.paths, 1)
        let reached = [("depth", paths.limitsReached.depth), ("nodes", paths.limitsReached.nodes), ("siblings", paths.limitsReached.siblings)]
        let names = reached.filter(\.1).map(\.0)
        if !names.isEmpty { Terminal.printError("heapsnapd: something is left out by the limit of \(names.joined(separator: ", "))") }
    }

    private func tell(_ paths: ClassPaths) {
        if options.json { return JSONOutput.print(paths) }
        Terminal.print(
            "\(paths.className.shortened(to: 80)): \(paths.members) objects in \(paths.groupCount) paths"
                + (paths.sampled < paths.members ? ", of \(paths.sampled) sampled" : ""))
        for group in paths.groups {
            Terminal.print(
                "\(group.count) objects, shallow \(ByteCount(clamping: group.shallowBytes)), such as @\(group.example.id):\n" + Self.text(group.path))
        }
        if paths.unreached > 0 { Terminal.print("\(paths.unreached) that no reference leads to") }
    }
}
