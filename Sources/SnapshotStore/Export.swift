import Crypto
import Glibc
public import SystemPackage
public import Units

extension SnapshotStore {
    /// Hands the uncompressed bytes of a snapshot to `sink`, block by block, and checks them against frame checksums and the record's SHA-256.
    ///
    /// - Returns: bytes handed over.
    /// - Throws: `noSnapshot`, `damaged` (after the bytes before the damage were handed over), or what `sink` throws.
    @discardableResult
    public func read(_ record: SnapshotRecord, into sink: (UnsafeRawBufferPointer) throws -> Void) throws -> ByteCount {
        guard let name = record.file else { throw StoreError.noSnapshot(record.id) }
        let read = try readSnapshot(name, into: sink)
        if let wanted = record.sha256, wanted != read.sha256 {
            throw StoreError.damaged(file: "\(path)/\(name)", reason: "its SHA-256 is not the record's")
        }
        return read.bytes
    }

    /// Writes the uncompressed snapshot to an open descriptor: a pipe, standard output.
    @discardableResult
    public func export(_ record: SnapshotRecord, to output: FileDescriptor, progress: (ByteCount) throws -> Void = { _ in }) throws -> ByteCount {
        var written = ByteCount.zero
        return try read(record) { bytes in
            do { try output.writeAll(bytes) } catch { throw StoreError.write("the snapshot", error as? Errno ?? .ioError, written: written) }
            written += ByteCount(bytes.count)
            try progress(written)
        }
    }

    /// Writes the uncompressed snapshot to a file (0600) that appears when it is whole and checked.
    ///
    /// - Throws: `alreadyExists` unless `replacing`; `damaged`, and then there is no file.
    @discardableResult
    public func export(
        _ record: SnapshotRecord, toFileAt output: String, replacing: Bool = false, progress: (ByteCount) throws -> Void = { _ in }
    ) throws -> ByteCount {
        var bytes = ByteCount.zero
        try WholeFile.write(at: output, replacing: replacing, allowUnnamed: allowsUnnamedFiles) {
            bytes = try export(record, to: $0, progress: progress)
        }
        return bytes
    }

    struct StoredContent { var bytes: ByteCount, storedBytes: ByteCount, sha256: String }

    func readSnapshot(_ name: String, into sink: (UnsafeRawBufferPointer) throws -> Void) throws -> StoredContent {
        let subject = "\(path)/\(name)"
        let source = try naming("open", subject) { () throws(Errno) in try directory.open(name) }
        defer { try? source.close() }
        guard try source.isRegular() else { throw StoreError.notRegularFile(path: subject) }
        let decompressor = Compression(fileName: name) == .zstd ? try FrameDecompressor() : nil
        let block = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 4_096)
        defer { block.deallocate() }
        var content = StoredContent(bytes: .zero, storedBytes: .zero, sha256: "")
        var hash = SHA256()
        func counted(_ bytes: UnsafeRawBufferPointer) throws {
            content.bytes += ByteCount(bytes.count)
            try sink(bytes)
        }
        do {
            while true {
                let count: Int
                do { count = try source.read(into: block) } catch {
                    throw StoreError.call(verb: "read", subject: subject, errno: error as? Errno ?? .ioError)
                }
                if count == 0 { break }
                let bytes = UnsafeRawBufferPointer(rebasing: block[..<count])
                hash.update(bufferPointer: bytes)
                content.storedBytes += ByteCount(count)
                dropPageCache(of: source, behind: content.storedBytes)
                if let decompressor { try decompressor.decompress(bytes, into: counted) } else { try counted(bytes) }
            }
            try decompressor?.finish()
        } catch let damage as FrameDecompressor.Damage { throw StoreError.damaged(file: subject, reason: damage.reason) }
        content.sha256 = hexadecimal(hash.finalize())
        return content
    }
}
