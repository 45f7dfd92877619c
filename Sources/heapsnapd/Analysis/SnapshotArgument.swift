import ArgumentParser
import HeapSnapshot
import SnapshotStore
import SystemPackage
import Units

/// A snapshot on the command line: a file, `-` for standard input, or what names one of the store.
struct SnapshotArgument: ExpressibleByArgument, Sendable {
    static let help: ArgumentHelp = "A file (plain or zstd), - for standard input, or an id of the store, the beginning of one, latest, latest~n."
    let text: String

    init?(argument: String) {
        guard !argument.isEmpty else { return nil }
        text = argument
    }

    /// No store, or none of this name in it.
    private static func meansUnknown(_ error: any Error) -> Bool {
        if case .none? = error as? ResolveError { return true }
        if case .noStore? = error as? StoreError { return true }
        return false
    }

    /// An id has no slash and no dot.
    private var isPath: Bool { text.contains("/") || text.contains(".") }
}

/// A snapshot that was read, and its record where it is of the store.
struct OpenedSnapshot {
    let snapshot: Snapshot
    let record: SnapshotRecord?
    /// For people.
    let name: String
}

extension SnapshotArgument {
    /// Reads it whole; progress on a terminal.
    ///
    /// - Throws: `CommandFailure` with `.damaged` for what is no snapshot or ends early, `.notFound`.
    func open(_ options: GlobalOptions, _ way: WayOfReading = WayOfReading()) throws -> OpenedSnapshot {
        let (bytes, record) = try bytes(options)
        do {
            let snapshot: Snapshot
            if way.threads > 1, let both = readInTwo(bytes) {
                snapshot = both
            } else {
                snapshot = try SnapshotReader.read(source(bytes, way), partial: way.partial)
            }
            Terminal.endProgress()
            if let truncation = snapshot.truncation { Terminal.printError("heapsnapd: warning: \(text) is a part of a snapshot: \(truncation)") }
            return OpenedSnapshot(snapshot: snapshot, record: record, name: record?.id.text ?? text)
        } catch let error as SnapshotError {
            let advice = error.isTruncation && !way.partial && error.offset > 0 ? "; --partial shows what it holds" : ""
            throw CommandFailure(.damaged, "cannot read \(text): \(error)\(advice)")
        } catch let error as StoreError {
            if case .damaged = error { throw CommandFailure(.damaged, "\(error)") }
            throw error
        }
    }

    /// - Returns: nil: there is something wrong with it, or it cannot be opened once more; reading it by one thread will tell.
    private func readInTwo(_ bytes: SnapshotBytes) -> Snapshot? {
        guard let again = bytes.plainFile else { return nil }
        return withExtendedLifetime(bytes) {
            try? SnapshotReader.readInTwo { source(try SnapshotBytes(fileAt: again), WayOfReading()) }
        }
    }

    private func source(_ bytes: SnapshotBytes, _ way: WayOfReading) -> ByteSource {
        let size = bytes.size
        var seen = 0
        return ByteSource(size: size.map { Int($0.bytes) }) { buffer in
            let count: Int
            do { count = try bytes.read(into: buffer) } catch StoreError.damaged(let file, let reason) where way.partial {
                // What came before it is as good as the beginning of a plain file.
                Terminal.printError("heapsnapd: warning: \(file): \(reason)")
                return 0
            }
            seen += count
            if Terminal.errorIsTerminal, seen >> 25 != (seen - count) >> 25 {
                Terminal.showProgress("reading \(text): \(ByteCount(seen))" + (size.map { " of \($0)" } ?? ""))
            }
            return count
        }
    }

    /// Not read yet.
    func bytes(_ options: GlobalOptions) throws -> (bytes: SnapshotBytes, record: SnapshotRecord?) {
        if text == "-" { return (try SnapshotBytes(try FileDescriptor.standardInput.duplicate(), called: "standard input"), nil) }
        func file() throws -> SnapshotBytes? {
            do { return try SnapshotBytes(fileAt: text) } catch StoreError.call(_, _, .noSuchFileOrDirectory) { return nil }
        }
        if isPath {
            guard let file = try file() else { throw CommandFailure(.notFound, "cannot open \(text): no such file") }
            return (file, nil)
        }
        let store: SnapshotStore, record: SnapshotRecord
        do {
            store = try Workplace.open(options, for: .reading).store
            record = try store.resolve(text)
        } catch {
            guard Self.meansUnknown(error), let file = try file() else { throw error }
            return (file, nil)
        }
        guard record.hasSnapshot else {
            throw CommandFailure(.notFound, "\(record.id) has no snapshot (\(record.state.rawValue)); see heapsnapd info \(record.id)")
        }
        return (try SnapshotBytes(record, of: store), record)
    }
}

extension [SnapshotArgument] {
    /// Standard input can be read once.
    func validate() throws {
        if count(where: { $0.text == "-" }) > 1 { throw ValidationError("- can be given once: standard input is read to its end") }
    }
}

/// What every command takes that reads snapshots.
struct ReadingOptions: ParsableArguments {
    @Flag(help: "Take a snapshot that ends early for what it holds.") var partial = false
    @Option(help: ArgumentHelp("1 or 2: with 2 a plain file takes three quarters of the time.", valueName: "n")) var threads = 1

    func validate() throws { if !(1...2).contains(threads) { throw ValidationError("--threads takes 1 or 2, not \(threads)") } }

    var way: WayOfReading { WayOfReading(partial: partial, threads: threads) }
}

/// How a snapshot is read: in one piece and by one thread, unless somebody asked for something else.
struct WayOfReading: Sendable {
    var partial = false
    var threads = 1
}

/// What every command takes that prints rows of a snapshot.
struct RowOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("Rows; 0 for all.", valueName: "n")) var limit = 30
    @Option(help: ArgumentHelp("Only rows whose name contains this.", valueName: "text")) var filter: String?

    func validate() throws { if limit < 0 { throw ValidationError("--limit takes 0 or more, not \(limit)") } }

    func chosen<Row>(_ rows: [Row], name: (Row) -> String) -> ArraySlice<Row> {
        let matching = filter.map { text in rows.filter { name($0).contains(text) } } ?? rows
        return limit == 0 ? matching[...] : matching.prefix(limit)
    }
}
