import ArgumentParser
import HeapSnapshot
import Units

struct StringsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "strings", abstract: "Strings that are there more than once, and what one copy of each would save.",
        discussion: """
            EXAMPLES
              heapsnapd strings latest
              heapsnapd strings latest --limit 0 --json | jq '[.strings[].savedBytes] | add'

            It prints what the service's strings hold. V8 writes the first 1,024 characters of a string: longer ones that begin alike count as equal.
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: SnapshotArgument.help) var snapshot: SnapshotArgument
    @Option(name: .shortAndLong, help: ArgumentHelp("Strings; 0 for all.", valueName: "n")) var limit = 30
    @OptionGroup var reading: ReadingOptions

    func validate() throws { if limit < 0 { throw ValidationError("--limit takes 0 or more, not \(limit)") } }

    func run() throws {
        let strings = try snapshot.views(options, reading.way).duplicatedStrings(limit: limit)
        if options.json { return JSONOutput.print(strings) }
        var table = Table([("STRING", .left), ("LENGTH", .right), ("COUNT", .right), ("SHALLOW", .right), ("SAVED BY ONE COPY", .right)])
        for row in strings.strings {
            table.add([
                row.value.shortened(to: 80), "\(row.length)", "\(row.count)", ByteCount(clamping: row.shallowBytes).description,
                ByteCount(clamping: row.savedBytes).description,
            ])
        }
        Terminal.print("\(strings.count) duplicated, \(ByteCount(clamping: strings.savedBytes)) could be saved\n\(table.text)")
    }
}
