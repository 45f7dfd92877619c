import Glibc
import SystemPackage

/// struct inotify_event.
struct InotifyEvent: Hashable {
    /// Which watch of this descriptor.
    var watch: Int32 = 0
    var mask: UInt32
    /// Empty for events of the watched file itself.
    var name: String

    /// Records of wd, mask, cookie, len (32 bits each, native order), then `len` bytes: a name padded with NUL.
    static func parse(_ buffer: UnsafeRawBufferPointer) -> [InotifyEvent] {
        let header = 16
        var events: [InotifyEvent] = []
        var offset = 0
        while offset + header <= buffer.count {
            let length = Int(buffer.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self))
            let end = offset + header + length
            guard end <= buffer.count else { break }
            let mask = buffer.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
            let name = buffer[(offset + header)..<end].prefix { $0 != 0 }
            let watch = buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self)
            events.append(InotifyEvent(watch: watch, mask: mask, name: String(decoding: name, as: UTF8.self)))
            offset = end
        }
        return events
    }
}

/// All that waits; empty when nothing does.
func readInotify(_ descriptor: FileDescriptor) -> [InotifyEvent] {
    // The kernel hands out whole records; each is at most 16 + NAME_MAX + 1 bytes.
    withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 8) { buffer in
        var events: [InotifyEvent] = []
        while case let count = read(descriptor.rawValue, buffer.baseAddress, buffer.count), count > 0 {
            events += InotifyEvent.parse(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
        return events
    }
}
