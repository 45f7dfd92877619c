import Glibc
import SystemPackage
public import Units

/// A directory in which one running service writes its snapshots. Locked while this object lives, so that nobody else collects from it.
public final class IncomingDirectory: Sendable {
    public let name: String
    public var path: String { directory.path }
    private let directory: Directory
    private let parent: Directory

    fileprivate init(name: String, directory: Directory, parent: Directory) {
        self.name = name
        self.directory = directory
        self.parent = parent
    }

    /// Removes the directory if nothing is left in it.
    /// - Returns: whether it is gone.
    @discardableResult
    public func removeIfEmpty() -> Bool { (try? parent.remove(name, flags: AT_REMOVEDIR)) != nil }
}

/// A file that a service left in an incoming directory of a `run` that is gone.
public struct OrphanedFile: Sendable, Hashable {
    public var path: String
    /// Of the incoming directory; `RunState.incoming` says whose it was.
    public var directory: String
    public var name: String
    public var bytes: ByteCount
    public var modifiedAt: Timestamp
    /// Whether any process still has it open for writing, told by the kernel's leases; nil where the file system has none.
    public var hasWriter: Bool?
}

extension SnapshotStore {
    private static let attempts = 20

    /// Makes incoming/NAME (0700) and locks it; waits up to 20 ms for others that only look.
    /// - Parameter owner: the service's user, when it is not ours.
    public func makeIncoming(_ name: String, owner: (user: UInt32, group: UInt32)? = nil) throws(StoreError) -> IncomingDirectory {
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(UInt8(ascii: "/")) else { throw .badName(name) }
        let parent = try part(.incoming)
        return try naming("make", "\(parent.path)/\(name)") { () throws(Errno) in
            // Between its making and its locking, another's `orphans` may look into it, and take it for a dead run's and remove it.
            for attempt in 1...Self.attempts {
                let made: Directory
                do throws(Errno) {
                    made = try parent.makeSubdirectory(name)
                    _ = try checked(flock(made.descriptor.rawValue, LOCK_EX | LOCK_NB))
                } catch {
                    guard attempt < Self.attempts, error == .noSuchFileOrDirectory || error == .wouldBlock else { throw error }
                    usleep(1_000)
                    continue
                }
                guard try made.descriptor.status().st_nlink > 0 else { continue }
                if let owner { _ = try checked(fchown(made.descriptor.rawValue, owner.user, owner.group)) }
                return IncomingDirectory(name: name, directory: made, parent: parent)
            }
            throw .wouldBlock
        }
    }

    /// Regular files in incoming directories that no living `run` holds. Empty directories among them are removed.
    ///
    /// The caller ingests those without a writer, publishes, and only then removes them; a file that was published already before a kill
    /// shows by its SHA-256 (`records`), and its second copy is taken back with `discard`.
    public func orphans() throws(StoreError) -> [OrphanedFile] {
        let incoming = try part(.incoming)
        let names = try naming("list", incoming.path) { () throws(Errno) in try incoming.names() }
        var orphans: [OrphanedFile] = []
        for name in names.sorted() {
            guard let directory = try? incoming.subdirectory(name), flock(directory.descriptor.rawValue, LOCK_EX | LOCK_NB) == 0,
                let files = try? directory.names()
            else { continue }
            orphans += files.sorted().compactMap { orphan(name: $0, in: directory, named: name) }
            if files.isEmpty { _ = try? incoming.remove(name, flags: AT_REMOVEDIR) }
        }
        return orphans
    }

    private func orphan(name: String, in directory: Directory, named directoryName: String) -> OrphanedFile? {
        guard let file = try? directory.open(name) else { return nil }
        defer { try? file.close() }
        guard let status = try? file.status(), status.st_mode & S_IFMT == S_IFREG else { return nil }
        return OrphanedFile(
            path: "\(directory.path)/\(name)", directory: directoryName, name: name, bytes: ByteCount(Int64(status.st_size)),
            modifiedAt: Timestamp(secondsSinceEpoch: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9),
            hasWriter: hasWriter(file))
    }

    /// A read lease is granted only while nobody has the file open for writing (fcntl(2), "Leases").
    private func hasWriter(_ file: FileDescriptor) -> Bool? {
        // linux/fcntl.h: F_SETLEASE is F_LINUX_SPECIFIC_BASE (1024) + 0.
        let setLease: Int32 = 1_024
        if fcntl(file.rawValue, setLease, F_RDLCK) == 0 {
            _ = fcntl(file.rawValue, setLease, F_UNLCK)
            return false
        }
        return errno == EAGAIN ? true : nil
    }
}
