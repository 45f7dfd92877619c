import ArgumentParser
import SnapshotStore
import SystemPackage
import Units

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write a snapshot as a plain .heapsnapshot file, which Chrome DevTools opens.",
        discussion: """
            EXAMPLES
              heapsnapd export latest
              heapsnapd export 20261121T0031 -o leak.heapsnapshot
              heapsnapd export latest~1 -o - | gzip > before.heapsnapshot.gz
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "An id, the beginning of one, latest or latest~n.") var id: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to: a file, or - for standard output; default: ID.heapsnapshot here.", valueName: "file"))
    var output: String?
    @Flag(help: "Overwrite the file.") var force = false

    func run() throws {
        let store = try Workplace.open(options, for: .reading).store
        let record = try store.resolve(id)
        guard record.hasSnapshot else {
            throw CommandFailure(.notFound, "\(record.id) has no snapshot (\(record.state.rawValue)); see heapsnapd info \(record.id)")
        }
        func progress(_ bytes: ByteCount) { Terminal.showProgress("exporting \(record.id): \(bytes) of \(record.bytes?.description ?? "?")") }
        let path = output ?? "\(record.id).heapsnapshot"
        let bytes: ByteCount
        if path == "-" {
            bytes = try store.export(record, to: .standardOutput, progress: progress)
        } else {
            bytes = try store.export(record, toFileAt: path, replacing: force, progress: progress)
        }
        Terminal.endProgress()
        if path != "-" {
            options.json ? JSONOutput.print(Written(id: record.id, path: path, bytes: bytes)) : Terminal.print(path)
        }
        if record.state != .complete {
            throw CommandFailure(.damaged, "snapshot \(record.id) is \(record.state.rawValue); what there is was written")
        }
    }

    private struct Written: Encodable {
        var id: SnapshotID
        var path: String
        var bytes: ByteCount
    }
}
