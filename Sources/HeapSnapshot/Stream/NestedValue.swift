/// Any JSON value outside the flat number lists, passed over in constant memory: brackets are counted by kind, not stacked, because
/// trace_tree nests as deep as a program's stack.
struct NestedValue {
    private enum Place { case between, inString, escaped }
    private var place = Place.between
    private var squares = 0
    private var braces = 0
    private(set) var strings = 0

    enum Step {
        case more
        /// The byte closed the value.
        case closed
        /// The byte cannot stand here.
        case refused(String)
    }

    /// - Parameter insideArray: the array's own bracket has been read already.
    init(insideArray: Bool = false) { squares = insideArray ? 1 : 0 }

    var expected: String {
        if place != .between { return "the end of a string" }
        return braces > 0 ? "'}'" : "']'"
    }

    mutating func take(_ byte: UInt8) -> Step {
        switch place {
        case .escaped: place = .inString
        case .inString:
            if byte == UInt8(ascii: "\"") {
                place = .between
                return squares == 0 && braces == 0 ? .closed : .more
            }
            if byte < 0x20 { return .refused("byte \(byte) inside a string") }
            if byte == UInt8(ascii: "\\") { place = .escaped }
        case .between: return takeBetween(byte)
        }
        return .more
    }

    /// Passes over what is plainly inside a string; most calls end at once, and the long ones are what costs.
    @inline(__always)
    func skip(_ bytes: UnsafeRawBufferPointer, from position: Int) -> Int {
        guard place == .inString else { return position }
        var position = position
        while position < bytes.count {
            let byte = bytes[position]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { break }
            position &+= 1
        }
        return position
    }

    private mutating func takeBetween(_ byte: UInt8) -> Step {
        switch byte {
        case UInt8(ascii: "\""):
            place = .inString
            strings += 1
        case UInt8(ascii: "["): squares += 1
        case UInt8(ascii: "{"): braces += 1
        case UInt8(ascii: "]"):
            squares -= 1
            return close(squares)
        case UInt8(ascii: "}"):
            braces -= 1
            return close(braces)
        case 0x30...0x39, 0x61...0x7A, UInt8(ascii: ","), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "E"),
            0x0A, 0x0D, 0x20, 0x09:
            break
        default: return .refused("byte \(byte) outside strings")
        }
        return .more
    }

    private func close(_ left: Int) -> Step {
        if left < 0 { return .refused("a bracket closes what was never opened") }
        return squares == 0 && braces == 0 ? .closed : .more
    }
}
