import Crypto
import Glibc
public import SystemPackage
public import Units

/// What looks at a stream while it is stored. HeapSnapshot's StreamVerifier is made one by whoever knows both rooms.
public protocol StreamVerifying {
    mutating func consume(_ bytes: UnsafeRawBufferPointer)
    /// The verdict if the stream ends here.
    func verdict() -> StreamVerdict
}

public enum StreamVerdict: Sendable, Hashable {
    case complete(nodeCount: Int?, edgeCount: Int?)
    case truncated(at: ByteCount, expected: String)
    case invalid(at: ByteCount, reason: String)
}

/// A snapshot that lies in the store and has no record yet.
public struct Ingested: Sendable, Hashable {
    public var file: String
    public var bytes: ByteCount
    public var storedBytes: ByteCount
    public var sha256: String
    public var compression: Compression
    public var verdict: StreamVerdict
}

extension SnapshotStore {
    /// Takes in the regular file at `path`; a symbolic link, FIFO or device is refused. The file itself is left alone.
    public func ingest(
        fileAt path: String, id: SnapshotID, compression: Compression = .zstd, level: Int = 3, verifier: inout some StreamVerifying,
        progress: (ByteCount) throws -> Void = { _ in }
    ) throws -> Ingested {
        let (source, isRegular) = try naming("open", path) { () throws(Errno) in
            let source = FileDescriptor(rawValue: try checked(Glibc.open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)))
            return (source, try source.isRegular())
        }
        defer { try? source.close() }
        guard isRegular else { throw StoreError.notRegularFile(path: path) }
        return try ingest(from: source, id: id, compression: compression, level: level, verifier: &verifier, progress: progress)
    }

    /// Reads `source` (a file or a pipe) to its end, verifying, compressing and hashing on the way, and makes it durable under its final name.
    ///
    /// A truncated or invalid stream is kept too, and the verdict says so. It is not a capture before `publish` of its record.
    /// Cost: one thread, 4.5 MiB of memory, about 0.45 GB/s (zstd's own speed); the page cache behind reader and writer is given back.
    /// - Parameters:
    ///   - end: readable when nothing more is to come into a pipe than it holds, whoever else has it open for writing; nil: its end is its last writer's.
    ///   - level: zstd's, 1 to 19.
    ///   - progress: told the bytes read so far, each MiB; may throw to stop. Nothing is left then.
    /// - Throws: `StoreError` (`noSpace` on a full disk, which leaves nothing behind either), or what `progress` throws.
    public func ingest(
        from source: FileDescriptor, endingWith end: FileDescriptor? = nil, id: SnapshotID, compression: Compression = .zstd, level: Int = 3,
        verifier: inout some StreamVerifying, progress: (ByteCount) throws -> Void = { _ in }
    ) throws -> Ingested {
        let name = id.text + compression.suffix
        let subject = "\(path)/\(name)"
        try step(.create)
        let file: StagedFile
        do throws(Errno) { file = try StagedFile(in: directory, allowUnnamed: allowsUnnamedFiles) } catch { throw StoreError.write(subject, error) }
        let writer = StoredWriter(file: file.descriptor, subject: subject)
        try step(.copy)
        let bytes = try copy(source, endingWith: end, to: writer, compression == .zstd ? FrameCompressor(level: level) : nil, &verifier, progress)
        try step(.syncFile)
        do throws(Errno) { try file.sync() } catch { throw StoreError.write(subject, error, written: writer.written) }
        writer.dropCache()
        try step(.link)
        do throws(Errno) { try file.link(as: name) } catch .fileExists { throw StoreError.alreadyExists(path: subject) } catch {
            throw StoreError.write(subject, error)
        }
        try step(.syncDirectory)
        try naming("sync", path) { () throws(Errno) in try directory.sync() }
        return Ingested(
            file: name, bytes: bytes, storedBytes: writer.written, sha256: writer.digest(), compression: compression, verdict: verifier.verdict())
    }

    private func copy(
        _ source: FileDescriptor, endingWith end: FileDescriptor?, to writer: StoredWriter, _ compressor: FrameCompressor?,
        _ verifier: inout some StreamVerifying, _ progress: (ByteCount) throws -> Void
    ) throws -> ByteCount {
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4_096)
        defer { block.deallocate() }
        var total = ByteCount.zero
        while true {
            let count: Int
            if let end, !hasMore(source, until: end) { break }
            do { count = try source.read(into: block) } catch {
                throw StoreError.call(verb: "read", subject: "the snapshot", errno: error as? Errno ?? .ioError)
            }
            if count == 0 { break }
            let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
            verifier.consume(bytes)
            if let compressor { try compressor.compress(bytes, into: writer.write) } else { try writer.write(bytes) }
            total += ByteCount(count)
            dropPageCache(of: source, behind: total)
            try progress(total)
        }
        try compressor?.finish(into: writer.write)
        return total
    }
}

/// Waits for bytes, or the end of the last writer. False: `end` has come first, and there are none.
private func hasMore(_ source: FileDescriptor, until end: FileDescriptor) -> Bool {
    var awaited = [source, end].map { pollfd(fd: $0.rawValue, events: Int16(POLLIN), revents: 0) }
    while poll(&awaited, 2, -1) < 0 && errno == EINTR {}
    // Once more: they may have come between the kernel's look at the one and at the other.
    return awaited[0].revents != 0 || poll(&awaited, 1, 0) > 0
}

/// Appends to a file, hashing what it writes.
final class StoredWriter {
    private let file: FileDescriptor
    private let subject: String
    private var hash = SHA256()
    private(set) var written = ByteCount.zero

    init(file: FileDescriptor, subject: String) {
        self.file = file
        self.subject = subject
    }

    func write(_ bytes: UnsafeRawBufferPointer) throws {
        hash.update(bufferPointer: bytes)
        do { try file.writeAll(bytes) } catch { throw StoreError.write(subject, error as? Errno ?? .ioError, written: written) }
        written += ByteCount(bytes.count)
        dropPageCache(of: file, behind: written)
    }

    func digest() -> String { hexadecimal(hash.finalize()) }

    func dropCache() { posix_fadvise(file.rawValue, 0, 0, POSIX_FADV_DONTNEED) }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    let text = bytes.flatMap { byte in [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
    return String(decoding: text, as: UTF8.self)
}

/// Gives page cache behind a sequential reader or writer back each 8 MiB: it would count against the cgroup of the service next to us.
/// Dirty pages only begin to be written out at the first call, so the window before is named once more. Of a pipe the call fails, as it may.
func dropPageCache(of file: FileDescriptor, behind position: ByteCount) {
    let window: Int64 = 8 << 20
    let end = position.bytes / window * window
    guard position.bytes - end < 1 << 20, end > 0 else { return }
    posix_fadvise(file.rawValue, Int(max(0, end - 2 * window)), Int(min(end, 2 * window)), POSIX_FADV_DONTNEED)
}
