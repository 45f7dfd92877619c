import ArgumentParser
import SnapshotStore
import Units

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Delete snapshots with their records.",
        discussion: """
            EXAMPLES
              heapsnapd delete 20261121T003136-000000ab
              heapsnapd delete latest latest~1
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "Ids, beginnings of ids, latest or latest~n.") var ids: [String]

    func run() throws {
        let store = try Workplace.open(options).store
        // All names first: `latest latest~1` must not shift while it is carried out.
        let records = try ids.map { try store.resolve($0) }
        for record in records {
            try store.delete(record.id)
            if !options.json { Terminal.print(record.id.text) }
        }
        if options.json { JSONOutput.print(["deleted": records.map(\.id)]) }
    }
}
