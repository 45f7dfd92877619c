import Glibc
import SystemPackage

/// One directory that holds snapshots and their records; several processes may use it at once.
///
///     <id>.heapsnapshot.zst   or <id>.heapsnapshot; 0600
///     <id>.json               its record; its rename is the moment a capture counts
///     incoming/               directories in which running services write
///     quarantine/             what could not be parsed; never deleted by us
///     state/                  what each `run` is at, so that its sudden end can be told
///     learned/                what captures of a service cost
///     state/agent-proofs      which Node was seen to take the agent; not ours to read
///
/// All calls block; none starts a thread. Snapshots hold secrets: the directory belongs to us alone.
public struct SnapshotStore: Sendable {
    public enum Access: Sendable { case reading, writing }

    public let path: String
    let directory: Directory
    /// Tests stop the work before a step, as a kill would.
    var step: @Sendable (Step) throws -> Void = { _ in }
    /// Tests take away O_TMPFILE, as NFS does.
    var allowsUnnamedFiles = true

    /// What happens in this order on the way of a snapshot to disk.
    enum Step: String, CaseIterable, Codable, Sendable {
        case create, copy, syncFile, link, syncDirectory
        case createRecord, writeRecord, syncRecord, renameRecord, syncRecordDirectory
    }

    /// - Parameter access: with `.writing` the directory and its parts are made where missing (0700).
    /// - Throws: `StoreError`: `noStore`, `insecure` (not ours, or writable by others), or the call that failed, such as on a read-only file system.
    public static func open(at path: String, for access: Access = .writing) throws(StoreError) -> SnapshotStore {
        if access == .writing { try makePath(path) }
        let directory: Directory
        do throws(Errno) { directory = try Directory.open(path) } catch .noSuchFileOrDirectory { throw .noStore(path: path) } catch {
            throw .call(verb: "open store", subject: path, errno: error)
        }
        try checkSafety(of: directory)
        if access == .writing {
            for part in Part.allCases {
                _ = try naming("make", "\(path)/\(part)") { () throws(Errno) in try directory.makeSubdirectory(part.rawValue) }
            }
            try checkWritable(directory)
        }
        return SnapshotStore(path: path, directory: directory)
    }

    /// Where `run` may keep what it has proven; a file of one owner, written whole.
    public var proofFile: String { "\(path)/\(Part.state.rawValue)/agent-proofs" }

    enum Part: String, CaseIterable { case incoming, quarantine, state, learned, analysis }

    /// Made anew where missing, so that a store can be cleared while we run.
    func part(_ part: Part) throws(StoreError) -> Directory {
        try naming("open", "\(path)/\(part)") { () throws(Errno) in try directory.makeSubdirectory(part.rawValue) }
    }

    private init(path: String, directory: Directory) {
        self.path = path
        self.directory = directory
    }

    private static func makePath(_ path: String) throws(StoreError) {
        var made = path.hasPrefix("/") ? "" : "."
        for name in path.split(separator: "/") {
            made += "/\(name)"
            if mkdir(made, 0o700) < 0 && errno != EEXIST {
                // A parent that exists may answer with EROFS or EACCES; opening tells the truth.
                let cause = Errno(rawValue: errno)
                if access(made, F_OK) < 0 { throw .call(verb: "make store", subject: path, errno: cause) }
            }
        }
    }

    private static func checkSafety(of directory: Directory) throws(StoreError) {
        let status = try naming("open store", directory.path) { () throws(Errno) in try directory.descriptor.status() }
        if status.st_uid != geteuid() {
            throw .insecure(
                path: directory.path, problem: "it belongs to user \(status.st_uid), we are user \(geteuid())",
                remedy: "run as that user or name another directory with --snapshot-dir")
        }
        if status.st_mode & 0o022 != 0 {
            throw .insecure(path: directory.path, problem: "others may write into it", remedy: "chmod 0700 \(directory.path)")
        }
    }

    /// Root's rights hide a missing permission but not a read-only file system; only an attempt tells.
    private static func checkWritable(_ directory: Directory) throws(StoreError) {
        _ = try naming("write into store", directory.path) { () throws(Errno) in try StagedFile(in: directory) }
    }
}
