import Linux
public import Node
import Units

/// One file that appeared where snapshots are expected.
public struct Artifact: Sendable, Hashable {
    public var directory: String
    public var name: String
    public var kind: ArtifactName

    public init(directory: String, name: String, kind: ArtifactName) {
        self.directory = directory
        self.name = name
        self.kind = kind
    }

    public var path: String { directory + "/" + name }
}

/// A directory into which Node (or the service's own handler) writes snapshots: says what appears and what was closed by its writer.
///
/// By inotify; where the file system has none (NFS, overlay; contract 31) by looking every half second, and there a file counts as closed when it
/// has not grown for two seconds: its verification is what decides in the end.
public actor ArtifactDirectory {
    public nonisolated let path: String
    /// Each file once, those that were there at the start not at all. One consumer.
    public nonisolated let arrivals: AsyncStream<Artifact>
    private let arrival: AsyncStream<Artifact>.Continuation
    private let watch: DirectoryWatch?
    private var seen: Set<String>
    private var closed: Set<String> = []
    private var sizes: [String: (bytes: ByteCount, since: Duration)] = [:]
    public private(set) var isGone = false

    /// - Throws: `KernelError` where the directory cannot be read.
    public init(_ path: String) throws {
        self.path = path
        (arrivals, arrival) = AsyncStream.makeStream()
        watch = try FileSystemFacts.at(path)?.hasInotify == true ? DirectoryWatch(path) : nil
        seen = Set(try SmallFile.names(in: path) { ArtifactName($0) != nil } ?? [])
    }

    /// Follows the directory until the task is cancelled or the directory vanishes.
    public func run() async {
        if let watch {
            for await event in watch.events { handle(event) }
        } else {
            while !Task.isCancelled && !isGone {
                look()
                try? await Task.sleep(for: .milliseconds(500))
            }
        }
        arrival.finish()
    }

    /// Whether the writer of this file has closed it.
    public func isClosed(_ name: String) -> Bool { closed.contains(name) }

    private func handle(_ event: DirectoryEvent) {
        switch event {
        case .created(let name), .movedIn(let name):
            closed.remove(name)
            announce(name)
        case .closedAfterWriting(let name):
            announce(name)
            closed.insert(name)
        case .deleted(let name), .movedOut(let name):
            seen.remove(name)
            closed.remove(name)
        case .directoryGone:
            isGone = true
            arrival.finish()
        case .overflow:
            look()
        }
    }

    private func look() {
        guard let names = try? SmallFile.names(in: path, keep: { ArtifactName($0) != nil }) else {
            isGone = true
            return
        }
        for name in names {
            announce(name)
            guard watch == nil, let bytes = SmallFile.size(path + "/" + name) else { continue }
            let now = SystemClock.monotonic()
            if let last = sizes[name], last.bytes == bytes {
                if bytes > .zero && now - last.since >= .seconds(2) { closed.insert(name) }
            } else {
                sizes[name] = (bytes, now)
                closed.remove(name)
            }
        }
        seen.formIntersection(names)
    }

    private func announce(_ name: String) {
        // A file that was removed while it was open still tells of its close.
        guard !seen.contains(name), let kind = ArtifactName(name), SmallFile.size(path + "/" + name) != nil else { return }
        seen.insert(name)
        arrival.yield(Artifact(directory: path, name: name, kind: kind))
    }
}
