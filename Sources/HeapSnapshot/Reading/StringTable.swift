import Glibc

/// The strings of a snapshot as the file has them, escaped; decoded only when shown.
final class StringTable: @unchecked Sendable {  // because it grows while the file is read, and is then only read
    private let bytes: Column<UInt8>
    /// One more than strings.
    private let starts: Column<UInt32>
    private(set) var count = 0
    private(set) var byteCount = 0

    init(bytes: Int, strings: Int) {
        self.bytes = Column(bytes)
        starts = Column(strings + 1)
    }

    /// - Returns: false beyond 4 GiB.
    func append(_ start: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        guard byteCount + length < Int(UInt32.max) else { return false }
        if count + 2 > starts.capacity { starts.grow(to: starts.capacity * 2) }
        if byteCount + length > bytes.capacity { bytes.grow(to: max(bytes.capacity * 2, byteCount + length)) }
        (bytes.pointer + byteCount).update(from: start, count: length)
        byteCount += length
        count += 1
        starts[count] = UInt32(byteCount)
        return true
    }

    @inline(__always) func byte(_ index: Int) -> UInt8 { bytes[index] }

    /// As the file has it; valid as long as the table.
    func raw(_ index: Int) -> UnsafeBufferPointer<UInt8> {
        guard index < count else { return UnsafeBufferPointer(start: nil, count: 0) }
        return UnsafeBufferPointer(start: bytes.pointer + Int(starts[index]), count: Int(starts[index + 1]) - Int(starts[index]))
    }

    /// Where strings are missing (`--partial`), their number stands for them.
    func text(_ index: Int) -> String {
        guard index < count else { return "(string \(index))" }
        let raw = raw(index)
        guard raw.contains(UInt8(ascii: "\\")) else { return String(decoding: raw, as: UTF8.self) }
        return String(decoding: codeUnits(raw), as: UTF16.self)
    }

    /// JSON's escapes. V8 writes of a character above U+FFFF the low 16 bits only: what is left of it can be half a pair, and becomes U+FFFD.
    private func codeUnits(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt16] {
        var units: [UInt16] = []
        var plain: [UInt8] = []
        func flush() {
            units += Array(String(decoding: plain, as: UTF8.self).utf16)
            plain = []
        }
        var index = 0
        while index < raw.count {
            guard raw[index] == UInt8(ascii: "\\"), index + 1 < raw.count else {
                plain.append(raw[index])
                index += 1
                continue
            }
            index += 2
            switch raw[index - 1] {
            case UInt8(ascii: "n"): plain.append(0x0A)
            case UInt8(ascii: "t"): plain.append(0x09)
            case UInt8(ascii: "r"): plain.append(0x0D)
            case UInt8(ascii: "b"): plain.append(0x08)
            case UInt8(ascii: "f"): plain.append(0x0C)
            case UInt8(ascii: "u"):
                flush()
                let digits = raw[index..<min(index + 4, raw.count)]
                units.append(UInt16(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0xFFFD)
                index += digits.count
            case let other: plain.append(other)
            }
        }
        flush()
        return units
    }

    /// The first string that is exactly this; cost: one pass over all strings, 0.1 ms per MB.
    func index(of text: String) -> UInt32? {
        let wanted = Array(text.utf8)
        return (0..<count).first { index in
            let raw = raw(index)
            return raw.count == wanted.count && raw.elementsEqual(wanted)
        }.map { UInt32($0) }
    }

    /// Indexes of the strings that contain a text, ascending. The text must not hold what JSON escapes, but a capital letter: those are rare, and
    /// the search leaps from one to the next.
    func indexes(containing text: String) -> [Int] {
        let wanted = Array(text.utf8)
        let anchor = wanted.firstIndex { (0x41...0x5A).contains($0) } ?? 0
        var found: [Int] = []
        var position = anchor
        while position < byteCount, let hit = memchr(bytes.pointer + position, Int32(wanted[anchor]), byteCount - position) {
            let start = hit.assumingMemoryBound(to: UInt8.self) - bytes.pointer - anchor
            position = start + anchor + 1
            guard start + wanted.count <= byteCount, memcmp(bytes.pointer + start, wanted, wanted.count) == 0 else { continue }
            let index = string(at: start)
            // Not over the edge of two strings, which lie side by side.
            if start + wanted.count <= Int(starts[index + 1]), found.last != index { found.append(index) }
        }
        return found
    }

    private func string(at byte: Int) -> Int {
        var (low, high) = (0, count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if Int(starts[middle]) <= byte { low = middle } else { high = middle }
        }
        return low
    }
}
