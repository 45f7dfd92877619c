import ArgumentParser
import HeapSnapshot
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
              heapsnapd export latest --devtools-compare latest~1    for the Comparison view of Chrome, of two copies of one process
            """)

    @OptionGroup var options: GlobalOptions
    @Argument(help: "An id, the beginning of one, latest or latest~n.") var id: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to: a file, or - for standard output; default: ID.heapsnapshot here.", valueName: "file"))
    var output: String?
    @Flag(help: "Overwrite the file.") var force = false
    @Option(
        help: ArgumentHelp(
            "Number the objects as in this earlier snapshot of the same process, so that DevTools compares the two rightly.", valueName: "snapshot"))
    var devtoolsCompare: SnapshotArgument?

    func run() throws {
        if let base = devtoolsCompare { return try renumbered(as: base) }
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

    /// Written while it is read a second time: the ids are known only when all of it was seen.
    private func renumbered(as base: SnapshotArgument) throws {
        if id == "-" || base.text == "-" { throw ValidationError("--devtools-compare reads a snapshot twice: give a file or an id, not -") }
        let earlier = try base.open(options)
        guard let argument = SnapshotArgument(argument: id) else { throw CommandFailure(.usage, "an id is needed") }
        let later = try argument.open(options)
        let identities = Alignment(earlier.snapshot, later.snapshot).identities(earlier.snapshot, later.snapshot)
        let (source, _) = try argument.bytes(options)
        let path = output ?? "\((later.name.split(separator: "/").last ?? "snapshot")).aligned.heapsnapshot"
        var bytes = ByteCount.zero
        func write(_ file: FileDescriptor) throws {
            try IDRewriting.copy(ByteSource(size: nil, read: source.read), identities, nodeCount: later.snapshot.nodeCount) { piece in
                _ = try file.writeAll(piece)
                bytes += ByteCount(piece.count)
            }
        }
        if path == "-" { try write(.standardOutput) } else { try WholeFile.write(at: path, replacing: force, write) }
        if path != "-" { options.json ? JSONOutput.print(Written(id: later.record?.id, path: path, bytes: bytes)) : Terminal.print(path) }
    }

    private struct Written: Encodable {
        var id: SnapshotID?
        var path: String
        var bytes: ByteCount
    }
}
