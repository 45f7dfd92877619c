import Glibc
import HeapSnapshot
import SystemPackage
import Testing
import Units

@testable import SnapshotStore

/// HeapSnapshot's verifier in the store's terms; Capture has its own such bridge, and one test binary cannot hold two conformances of a type.
struct Checker: StreamVerifying {
    private var verifier = StreamVerifier()

    init() {}

    mutating func consume(_ bytes: UnsafeRawBufferPointer) { verifier.consume(bytes) }

    func verdict() -> StreamVerdict {
        switch verifier.finish() {
        case .complete(let header): .complete(nodeCount: header.nodeCount, edgeCount: header.edgeCount)
        case .truncated(let at, let expected): .truncated(at: at, expected: expected)
        case .invalid(let at, let reason): .invalid(at: at, reason: reason)
        }
    }
}

/// A directory that is gone when the test ends.
final class Scratch {
    let path: String
    private var mounts: [String] = []

    init() {
        var template = Array("/tmp/snapshot-store-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template))
    }

    deinit {
        for mount in mounts { run("umount", "-l", mount) }
        run("rm", "-rf", path)
    }

    /// A real tmpfs; needs root.
    func tmpfs(_ name: String, options: String) throws -> String {
        let target = "\(path)/\(name)"
        mkdir(target, 0o700)
        try #require(run("mount", "-t", "tmpfs", "-o", "\(options),mode=0700", "tmpfs", target) == 0)
        mounts.append(target)
        return target
    }

    func remountReadOnly(_ target: String) throws { try #require(run("mount", "-o", "remount,ro", target) == 0) }

    func write(_ name: String, _ bytes: [UInt8]) throws -> String {
        let file = try FileDescriptor.open(
            FilePath("\(path)/\(name)"), .writeOnly, options: [.create, .truncate], permissions: .ownerReadWrite)
        try file.closeAfter { _ = try file.writeAll(bytes) }
        return "\(path)/\(name)"
    }
}

@discardableResult
func run(_ arguments: String...) -> Int32 {
    var pid = pid_t()
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    guard posix_spawnp(&pid, arguments[0], nil, nil, &pointers, environ) == 0 else { return -1 }
    var status: Int32 = 0
    waitpid(pid, &status, 0)
    return status
}

func contents(_ path: String) throws -> [UInt8] {
    let file = try FileDescriptor.open(FilePath(path), .readOnly)
    return try file.closeAfter {
        var bytes = [UInt8](repeating: 0, count: try Int(file.status().st_size))
        let count = try bytes.withUnsafeMutableBytes { try file.read(into: $0) }
        return Array(bytes[..<count])
    }
}

func fixturePath(_ name: String, path: String = #filePath) -> String {
    "/" + path.split(separator: "/").dropLast(2).joined(separator: "/") + "/Fixtures/heapsnapshot/\(name).heapsnapshot.zst"
}

/// The smallest snapshot the verifier takes, with `padding` bytes of strings that do not compress.
func snapshot(padding: Int = 0) -> [UInt8] {
    var random = SystemRandomNumberGenerator()
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    let head =
        #"{"snapshot":{"meta":{"node_fields":["a","b"],"edge_fields":["c"]},"node_count":2,"edge_count":1},"nodes":[1,2,3,4],"edges":[5],"strings":[""#
    var bytes = Array(head.utf8)
    bytes.reserveCapacity(head.utf8.count + padding + 4)
    while bytes.count < head.utf8.count + padding {
        var word = random.next()
        for _ in 0..<8 {
            bytes.append(alphabet[Int(word & 63)])
            word >>= 8
        }
    }
    return bytes + Array("\"]}".utf8)
}

func id(_ second: Int64, _ random: UInt32 = 1) -> SnapshotID {
    SnapshotID(at: Timestamp(milliseconds: (1_800_000_000 + second) * 1_000), random: random)
}

func record(
    _ id: SnapshotID, service: String = "api", state: SnapshotRecord.State = .complete, stored: ByteCount? = nil, age: Int64 = 0
) -> SnapshotRecord {
    var record = SnapshotRecord(
        id: id, state: state, service: service, reason: "use", engine: "signal", createdAt: Timestamp(milliseconds: 1_800_000_000_000 - age * 1_000))
    if let stored {
        record.storedBytes = stored
        record.file = "\(id).heapsnapshot.zst"
    }
    return record
}

extension SnapshotStore {
    /// Ingests and publishes.
    @discardableResult
    func take(_ bytes: [UInt8], as id: SnapshotID, compression: Compression = .zstd, in scratch: Scratch) throws -> SnapshotRecord {
        let source = try scratch.write("source-\(id)", bytes)
        var verifier = Checker()
        let ingested = try ingest(fileAt: source, id: id, compression: compression, verifier: &verifier)
        var taken = SnapshotRecord(id: id, state: .writing, service: "api", reason: "use", engine: "signal", createdAt: Timestamp(milliseconds: 0))
        taken.apply(ingested)
        try publish(taken)
        return taken
    }

    func names() throws -> [String] { try directory.names().filter { name in !Part.allCases.contains { $0.rawValue == name } }.sorted() }
}
