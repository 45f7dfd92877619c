/// Decimal integers of a flat JSON array, as fast as bytes can be looked at one by one: most have one to four digits, where eight bytes at a time
/// are slower (heapsnapshot-format.md, part 3).
enum IntegerScanner {
    /// Reads `count` numbers, each but the first behind a comma.
    ///
    /// White space may stand before a comma: Node 22 and older put a line break there. DevTools takes a leading `-`, and so do we; the value is then
    /// the two's complement, which no count and no index can be.
    /// - Parameter place: the first digit; moved behind the last one.
    /// - Returns: false where something else stands: the end of the window, or no number at all.
    @inline(__always)
    static func record(_ count: Int, at place: inout UnsafePointer<UInt8>, into values: UnsafeMutablePointer<UInt64>) -> Bool {
        var index = 0
        while true {
            guard let value = number(at: &place) else { return false }
            values[index] = value
            index &+= 1
            if index == count { return true }
            guard comma(at: &place) else { return false }
        }
    }

    @inline(__always)
    static func number(at place: inout UnsafePointer<UInt8>) -> UInt64? {
        var digit = place.pointee &- 0x30
        if digit > 9 { return unusual(at: &place) }
        var value = UInt64(digit)
        var next = place + 1
        digit = next.pointee &- 0x30
        while digit <= 9 {
            value = value &* 10 &+ UInt64(digit)
            next += 1
            digit = next.pointee &- 0x30
        }
        // 19 digits fit; a longer one may have run over.
        if next - place > 19 { return nil }
        place = next
        return value
    }

    /// Behind it the next number begins.
    @inline(__always)
    static func comma(at place: inout UnsafePointer<UInt8>) -> Bool {
        if place.pointee == UInt8(ascii: ",") {
            place += 1
            return true
        }
        skipSpace(&place)
        guard place.pointee == UInt8(ascii: ",") else { return false }
        place += 1
        return true
    }

    @inline(never)
    private static func unusual(at place: inout UnsafePointer<UInt8>) -> UInt64? {
        skipSpace(&place)
        if (0x30...0x39).contains(place.pointee) { return number(at: &place) }
        guard place.pointee == UInt8(ascii: "-"), (0x30...0x39).contains(place[1]) else { return nil }
        place += 1
        return number(at: &place).map { 0 &- $0 }
    }

    static func skipSpace(_ place: inout UnsafePointer<UInt8>) {
        while place.pointee == 0x20 || place.pointee == 0x0A || place.pointee == 0x0D || place.pointee == 0x09 { place += 1 }
    }
}
