/// The inside of a flat JSON array of integers, counted without being stored: 93 % of a snapshot's bytes are of this kind.
///
/// Takes Node's two ways of writing it (`9,1,1,0,5,0` and `9,1,1,0,5,0\n,9,2,…`) 1 KiB at a time, anything else JSON allows byte by byte.
/// Both ways accept the same texts, so how the stream was cut cannot change the answer.
struct NumberList {
    private enum Place { case first, afterComma, afterMinus, inNumber, afterNumber }
    private var place = Place.first
    private(set) var count = 0

    /// Reads from `position` up to the first byte that does not belong to the list, which is left to the caller.
    /// - Returns: the position of that byte, or the end of `bytes`.
    mutating func read(_ bytes: UnsafeRawBufferPointer, from position: Int) -> Int {
        var position = position
        while position < bytes.count {
            if place == .inNumber, position > 0, bytes.count - position >= plainBlockSize, let commas = commasInPlainBlock(bytes, at: position) {
                position += plainBlockSize
                count += commas
                switch bytes[position - 1] {
                case UInt8(ascii: ","): place = .afterComma
                case UInt8(ascii: "\n"): place = .afterNumber
                default: place = .inNumber
                }
                // A block counts the numbers that begin in it; after a last comma none has begun yet.
                if place == .afterComma { count -= 1 }
                continue
            }
            // A block that is not plain is walked through in bytes as a whole, or each of its bytes would try the block again.
            let stop = min(bytes.count, position + (place == .inNumber ? plainBlockSize : 1))
            while position < stop {
                guard take(bytes[position]) else { return position }
                position += 1
            }
        }
        return position
    }

    /// The list may end here: it is empty or its last number is whole.
    var isClosed: Bool { place == .first || place == .inNumber || place == .afterNumber }

    private mutating func take(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39:
            switch place {
            case .first, .afterComma, .afterMinus:
                count += 1
                place = .inNumber
            case .inNumber: break
            case .afterNumber: return false
            }
        case UInt8(ascii: ","):
            guard place == .inNumber || place == .afterNumber else { return false }
            place = .afterComma
        case 0x0A, 0x0D, 0x20, 0x09:
            guard place != .afterMinus else { return false }
            if place == .inNumber { place = .afterNumber }
        case UInt8(ascii: "-"):
            guard place == .first || place == .afterComma else { return false }
            place = .afterMinus
        default: return false
        }
        return true
    }
}

/// 64 vectors: few enough that a lane of 8 bits can count, enough that looking at the lanes costs nothing.
private let plainBlockSize = 64 * 16

/// Commas in the block at `position`, or nil unless every byte is a digit, a comma or a line break that may follow the byte before it:
/// digit after digit or comma; comma after digit or line break; line break after digit. The byte before the block must be a digit.
@inline(__always)
private func commasInPlainBlock(_ bytes: UnsafeRawBufferPointer, at position: Int) -> Int? {
    typealias Vector = SIMD16<UInt8>
    // `position` > 0 and `position` + block size <= count are the caller's promise.
    let base = bytes.baseAddress! + position
    var commas = Vector.zero
    var bad = Vector.zero
    for index in 0..<(plainBlockSize / 16) {
        let now = base.loadUnaligned(fromByteOffset: index &* 16, as: Vector.self)
        let before = base.loadUnaligned(fromByteOffset: index &* 16 &- 1, as: Vector.self)
        let digitNow = mask((now &- 0x30) .< 10)
        let digitBefore = mask((before &- 0x30) .< 10)
        let commaNow = mask(now .== 0x2C)
        let commaBefore = mask(before .== 0x2C)
        let breakNow = mask(now .== 0x0A)
        let allowed = (digitNow & (digitBefore | commaBefore)) | (commaNow & ~commaBefore) | (breakNow & digitBefore)
        bad |= ~allowed
        commas = commas &- commaNow
    }
    guard bad == .zero else { return nil }
    let pairs = unsafeBitCast(commas, to: SIMD2<UInt64>.self)
    return sumOfBytes(pairs.x) + sumOfBytes(pairs.y)
}

/// 0xFF where true.
@inline(__always)
private func mask(_ condition: SIMDMask<SIMD16<Int8>>) -> SIMD16<UInt8> { unsafeBitCast(condition, to: SIMD16<UInt8>.self) }

@inline(__always)
private func sumOfBytes(_ word: UInt64) -> Int {
    let pairs = (word & 0x00FF_00FF_00FF_00FF) &+ ((word >> 8) & 0x00FF_00FF_00FF_00FF)
    return Int((pairs &* 0x0001_0001_0001_0001) >> 48)
}
