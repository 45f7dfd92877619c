public import ArgumentParser
public import SnapshotStore
import Units

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what was captured, refused or lost.",
        discussion: """
            EXAMPLES
              heapsnapd list
              heapsnapd list --service shop --state complete
              heapsnapd list --json | jq '.[] | select(.state == "refused") | .refusal'
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: "Only this service.") var service: String?
    @Option(help: "Only this state: \(SnapshotRecord.State.allCases.map(\.rawValue).joined(separator: ", ")).") var state: SnapshotRecord.State?
    @Option(name: .shortAndLong, help: ArgumentHelp("Only the newest n; 0 for all.", valueName: "n")) var limit = 0

    /// A store that was never written to is an empty one.
    private func records() throws -> RecordList {
        do { return try Workplace.open(options, for: .reading).store.records() } catch StoreError.noStore { return RecordList() }
    }

    func run() throws {
        let records = try self.records()
        var chosen = records.records.filter { (service == nil || $0.service == service) && (state == nil || $0.state == state) }
        if limit > 0 { chosen = chosen.suffix(limit) }
        for unreadable in records.unreadable { Terminal.printError("heapsnapd: cannot read \(unreadable.file): \(unreadable.reason)") }
        if options.json { return JSONOutput.print(chosen) }
        guard !chosen.isEmpty else { return Terminal.printError(records.records.isEmpty ? "nothing captured yet" : "nothing of that kind") }
        var table = Table([
            ("ID", .left), ("TIME", .left), ("SERVICE", .left), ("PID", .right), ("REASON", .left), ("ENGINE", .left), ("STATE", .left),
            ("SIZE", .right), ("ON DISK", .right),
        ])
        for record in chosen {
            table.add([
                record.id.text, String(record.createdAt.description.prefix(19)) + "Z", record.service, record.pid?.description ?? "-",
                record.reason + (record.count > 1 ? " x\(record.count)" : ""), record.engine, record.state.rawValue, record.bytes?.description ?? "-",
                record.storedBytes?.description ?? "-",
            ])
        }
        Terminal.print(table.text)
    }
}

extension SnapshotRecord.State: ExpressibleByArgument {}
