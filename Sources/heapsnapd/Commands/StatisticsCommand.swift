import ArgumentParser
import HeapSnapshot
import Units

struct StatisticsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "statistics", abstract: "Bytes by kind, as the Statistics view of DevTools.",
        discussion: """
            EXAMPLES
              heapsnapd statistics latest
              heapsnapd statistics leak.heapsnapshot --json | jq .typedArrays

            The kinds do not add up to the total: objects and closures are none of them.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        let statistics = SnapshotGraph(try snapshot.open(options, reading.way).snapshot, threads: reading.threads).statistics()
        if options.json { return JSONOutput.print(statistics) }
        var table = Table([("KIND", .left), ("BYTES", .right), ("", .right)])
        let rows = [
            ("code", statistics.code), ("strings", statistics.strings), ("JS arrays", statistics.jsArrays), ("typed arrays", statistics.typedArrays),
            ("other native", statistics.native - min(statistics.native, statistics.typedArrays)), ("system", statistics.system),
            ("V8 heap", statistics.v8heap), ("total", statistics.total),
        ]
        for (name, bytes) in rows { table.add([name, ByteCount(clamping: bytes).description, "\(bytes * 100 / max(1, statistics.total)) %"]) }
        Terminal.print(table.text)
    }
}
