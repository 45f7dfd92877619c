import CZstd
public import SystemPackage
public import Units

/// The uncompressed bytes of a snapshot, pulled: from the store, from a file that may be compressed by zstd, or from a pipe.
///
/// Not checked against a record's SHA-256: whoever reads knows by the content whether it is whole.
public final class SnapshotBytes {
    /// Of the uncompressed bytes, where it is known before they are read.
    public let size: ByteCount?
    private let source: FileDescriptor
    private let subject: String
    private var decompressor: OpaquePointer?
    private let block: UnsafeMutableRawBufferPointer
    /// In `block`, not yet used.
    private var rest: Range<Int>
    private var isInsideFrame = false

    /// - Throws: `StoreError.noSnapshot`.
    public convenience init(_ record: SnapshotRecord, of store: SnapshotStore) throws {
        guard let path = store.snapshotPath(record) else { throw StoreError.noSnapshot(record.id) }
        try self.init(fileAt: path, size: record.bytes)
    }

    /// - Throws: `StoreError` where it cannot be opened or is no regular file.
    public convenience init(fileAt path: String, size: ByteCount? = nil) throws {
        let source: FileDescriptor
        do { source = try FileDescriptor.open(FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking]) } catch let error as Errno {
            throw StoreError.call(verb: "open", subject: path, errno: error)
        }
        guard (try? source.isRegular()) == true else {
            try? source.close()
            throw StoreError.notRegularFile(path: path)
        }
        try self.init(source, called: path, size: size)
    }

    /// Takes the descriptor over, standard input too.
    public init(_ source: FileDescriptor, called subject: String, size: ByteCount? = nil) throws {
        (self.source, self.subject) = (source, subject)
        block = .allocate(byteCount: 1 << 18, alignment: 4_096)
        var filled = 0
        // A pipe may give the magic number byte by byte.
        while filled < 4 {
            let count = try SnapshotBytes.read(source, into: UnsafeMutableRawBufferPointer(rebasing: block[filled...]), subject)
            if count == 0 { break }
            filled += count
        }
        rest = 0..<filled
        // Magic_Number of RFC 8878, 3.1.1.
        let isCompressed = filled >= 4 && block.loadUnaligned(as: UInt32.self).littleEndian == 0xFD2F_B528
        if isCompressed {
            guard let context = ZSTD_createDCtx() else { throw StoreError.outOfMemory }
            decompressor = context
            self.size = size
        } else {
            let length = (try? source.isRegular()) == true ? (try? source.seek(offset: 0, from: .end)).map { ByteCount($0) } : nil
            if length != nil { _ = try? source.seek(offset: Int64(filled), from: .start) }
            self.size = length ?? size
        }
    }

    /// The same file by another name, to be read once more at the same time, as long as this lives; nil where it is compressed or no file.
    public var plainFile: String? {
        guard decompressor == nil, (try? source.isRegular()) == true else { return nil }
        return "/proc/self/fd/\(source.rawValue)"
    }

    deinit {
        ZSTD_freeDCtx(decompressor)
        block.deallocate()
        try? source.close()
    }

    /// - Returns: bytes at the start of the buffer; 0 at the end.
    /// - Throws: `StoreError.damaged` where the compression is broken or ends within a frame.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let decompressor else {
            guard !rest.isEmpty else { return try SnapshotBytes.read(source, into: buffer, subject) }
            let count = min(rest.count, buffer.count)
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: block[rest].prefix(count)))
            rest = rest.dropFirst(count)
            return count
        }
        var produced = ZSTD_outBuffer(dst: buffer.baseAddress, size: buffer.count, pos: 0)
        while produced.pos == 0 {
            if rest.isEmpty {
                rest = 0..<(try SnapshotBytes.read(source, into: block, subject))
                if rest.isEmpty {
                    guard !isInsideFrame else { throw StoreError.damaged(file: subject, reason: "it ends within a frame") }
                    return 0
                }
            }
            var input = ZSTD_inBuffer(src: block.baseAddress! + rest.lowerBound, size: rest.count, pos: 0)
            let left = ZSTD_decompressStream(decompressor, &produced, &input)
            if ZSTD_isError(left) != 0 { throw StoreError.damaged(file: subject, reason: String(cString: ZSTD_getErrorName(left))) }
            isInsideFrame = left != 0
            rest = rest.dropFirst(input.pos)
        }
        return produced.pos
    }

    private static func read(_ source: FileDescriptor, into buffer: UnsafeMutableRawBufferPointer, _ subject: String) throws -> Int {
        do { return try source.read(into: buffer) } catch {
            throw StoreError.call(verb: "read", subject: subject, errno: error as? Errno ?? .ioError)
        }
    }
}
