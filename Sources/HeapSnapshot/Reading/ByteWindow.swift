import Glibc

/// What stops a reader.
public struct SnapshotError: Error, Hashable, CustomStringConvertible {
    /// Bytes from the start of the uncompressed snapshot.
    public var offset: Int
    public var reason: String
    /// All bytes were right, then they ended: `--partial` gives what they hold.
    public var isTruncation = false

    public var description: String { "at byte \(offset): \(reason)" }
}

/// Where the bytes of a snapshot come from: a file, a decompressor, standard input.
public struct ByteSource {
    /// Of the uncompressed bytes, where it is known; bounds what a header can make us reserve.
    public var size: Int?
    /// Fills the start of the buffer; 0: there is nothing more.
    public var read: (UnsafeMutableRawBufferPointer) throws -> Int

    public init(size: Int? = nil, read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) {
        self.size = size
        self.read = read
    }
}

/// A piece of the stream that moves along: 1 MiB, read 26 GB/s, so that no page of the file is ever charged to us.
///
/// What lies behind the last byte is 0, which no JSON text holds: a loop over digits ends there by itself and needs no bounds.
struct ByteWindow {
    private let source: ByteSource
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private(set) var position: UnsafePointer<UInt8>
    private(set) var end: UnsafePointer<UInt8>
    /// Of `memory` in the stream.
    private var base = 0
    private(set) var ended = false

    /// Zeros after the end: a record's worth, so that one may be read without looking.
    private static let padding = 64

    init(_ source: ByteSource) {
        self.source = source
        capacity = 1 << 20
        memory = .allocate(capacity: capacity + Self.padding)
        memory.initialize(repeating: 0, count: capacity + Self.padding)
        position = UnsafePointer(memory)
        end = position
    }

    func deallocate() { memory.deallocate() }

    var offset: Int { base + (position - UnsafePointer(memory)) }
    @inline(__always) var byte: UInt8 { position.pointee }
    @inline(__always) mutating func move(to place: UnsafePointer<UInt8>) { position = place }
    @inline(__always) mutating func advance() { position += 1 }

    /// Keeps what lies from `position` on, and reads more behind it; doubles where that fills all.
    /// - Returns: whether anything came.
    mutating func refill() throws -> Bool {
        guard !ended else { return false }
        let kept = end - position
        if kept == capacity {
            let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + Self.padding)
            larger.initialize(repeating: 0, count: capacity * 2 + Self.padding)
            larger.update(from: position, count: kept)
            base += position - UnsafePointer(memory)
            memory.deallocate()
            (memory, capacity) = (larger, capacity * 2)
        } else {
            base += position - UnsafePointer(memory)
            memmove(memory, position, kept)
        }
        var filled = kept
        while filled < capacity {
            let count = try source.read(UnsafeMutableRawBufferPointer(start: memory + filled, count: capacity - filled))
            if count == 0 {
                ended = true
                break
            }
            filled += count
        }
        (memory + filled).update(repeating: 0, count: Self.padding)
        position = UnsafePointer(memory)
        end = position + filled
        return filled > kept
    }

    /// Moves to the next byte of this kind, as fast as memchr(3) and the source are.
    /// - Returns: false where there is none up to the end.
    mutating func seek(_ wanted: UInt8) throws -> Bool {
        while true {
            if let hit = memchr(position, Int32(wanted), end - position) {
                position = UnsafePointer(hit.assumingMemoryBound(to: UInt8.self))
                return true
            }
            position = end
            guard try refill() else { return false }
        }
    }

    /// The next byte that is not white space, which stays unread; 0 at the end.
    mutating func peek() throws -> UInt8 {
        while true {
            switch byte {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            case 0 where position >= end:
                guard try refill() else { return 0 }
            case let byte: return byte
            }
        }
    }
}
