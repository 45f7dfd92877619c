import Glibc
import Linux

/// A regular file that is read here and there: a few bytes at an offset, or from one end to the other in blocks.
final class BinaryFile {
    let path: String
    let status: stat
    private let descriptor: Int32

    /// Nil where there is no such file, or it is no regular file. A file that may not be read throws.
    init?(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == EACCES || errno == EPERM { throw KernelError.denied(path: path) }
            return nil
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            return nil
        }
        self.path = path
        self.status = status
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// `count` bytes at `offset`; nil where the file is shorter. For headers and table entries: at most a few kilobytes.
    func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard offset < 1 << 62 else { return nil }
        var buffer = [UInt8](repeating: 0, count: count)
        let got = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, count, off_t(offset)) }
        return got == count ? buffer : nil
    }

    /// A little-endian number at `offset`.
    func number<T: FixedWidthInteger>(at offset: UInt64, as type: T.Type = T.self) -> T? {
        bytes(at: offset, count: MemoryLayout<T>.size)?.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(as: T.self)) }
    }

    /// Up to `limit` bytes before the zero byte that ends a string.
    func string(at offset: UInt64, limit: Int = 4_096) -> String? {
        var buffer = [UInt8](repeating: 0, count: limit)
        let got = buffer.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, limit, off_t(clamping: offset)) }
        guard got > 0 else { return nil }
        return String(decoding: buffer[..<(buffer[..<got].firstIndex(of: 0) ?? got)], as: UTF8.self)
    }

    /// The bytes that follow the first `needle` in a range of the file, at most `count`. One block of memory, 256 KiB, whatever
    /// the size of the range; 10 to 20 ms for 100 MB in the page cache.
    func bytes(after needle: StaticString, in range: Range<UInt64>, count: Int) -> [UInt8]? {
        let block = 256 << 10
        let overlap = needle.utf8CodeUnitCount + count
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: block, alignment: 16)
        defer { buffer.deallocate() }
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(block, Int(clamping: range.upperBound - offset))
            let got = pread(descriptor, buffer.baseAddress, wanted, off_t(clamping: offset))
            guard got > 0 else { return nil }
            if let hit = position(of: needle, in: UnsafeRawBufferPointer(rebasing: buffer[..<got])) {
                let start = offset + UInt64(hit + needle.utf8CodeUnitCount)
                return bytes(at: start, count: Int(min(UInt64(count), range.upperBound - start)))
            }
            offset += UInt64(got > overlap && offset + UInt64(got) < range.upperBound ? got - overlap : got)
        }
        return nil
    }
}

/// What memmem(3) does; Swift's Glibc module has no _GNU_SOURCE.
private func position(of needle: StaticString, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let base = bytes.baseAddress else { return nil }
    let count = needle.utf8CodeUnitCount
    var position = 0
    while position + count <= bytes.count {
        guard let hit = memchr(base + position, Int32(needle.utf8Start[0]), bytes.count - count + 1 - position) else { return nil }
        position = UnsafeRawPointer(hit) - base
        if memcmp(hit, needle.utf8Start, count) == 0 { return position }
        position += 1
    }
    return nil
}
