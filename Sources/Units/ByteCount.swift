/// A number of bytes.
///
/// Signed, so that differences (headroom, growth) need no special case; quantities read from the kernel are never negative.
public struct ByteCount: Sendable, Hashable, Comparable, Codable {
    public var bytes: Int64

    public init(_ bytes: Int64) { self.bytes = bytes }
    public init(_ bytes: Int) { self.bytes = Int64(bytes) }
    /// Kernel counters are unsigned; what does not fit is the kernel's way to say "no limit" and is clamped.
    public init(clamping bytes: UInt64) { self.bytes = Int64(clamping: bytes) }
    /// Rounds towards zero and clamps, so that a forecast far in the future cannot trap.
    public init(rounding bytes: Double) { self.bytes = bytes.isNaN ? 0 : Int64(exactly: bytes.rounded(.towardZero)) ?? (bytes < 0 ? .min : .max) }

    public static let zero = ByteCount(0)
    public static func kibibytes(_ count: Int) -> ByteCount { ByteCount(Int64(count) << 10) }
    public static func mebibytes(_ count: Int) -> ByteCount { ByteCount(Int64(count) << 20) }
    public static func gibibytes(_ count: Int) -> ByteCount { ByteCount(Int64(count) << 30) }

    public var mebibytes: Double { Double(bytes) / 1_048_576 }

    public static func < (a: ByteCount, b: ByteCount) -> Bool { a.bytes < b.bytes }
    public static func + (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.bytes.addingSaturating(b.bytes)) }
    public static func - (a: ByteCount, b: ByteCount) -> ByteCount { ByteCount(a.bytes.subtractingSaturating(b.bytes)) }
    public static prefix func - (a: ByteCount) -> ByteCount { .zero - a }
    public static func += (a: inout ByteCount, b: ByteCount) { a = a + b }
    public static func -= (a: inout ByteCount, b: ByteCount) { a = a - b }
    public static func * (a: ByteCount, factor: Double) -> ByteCount { ByteCount(rounding: Double(a.bytes) * factor) }

    public init(from decoder: any Decoder) throws { bytes = try decoder.singleValueContainer().decode(Int64.self) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(bytes)
    }
}

extension ByteCount: LosslessStringConvertible, ExpressibleByIntegerLiteral {
    public init(integerLiteral bytes: Int64) { self.bytes = bytes }

    /// Three significant digits and a binary unit: `512 MiB`, `1.25 GiB`, `-40 KiB`, `17 B`.
    public var description: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        var value = Double(bytes.magnitude)
        var unit = 0
        while value >= 1_000 && unit < units.count - 1 {
            value /= 1_024
            unit += 1
        }
        let sign = bytes < 0 ? "-" : ""
        return "\(sign)\(significant(value, digits: unit == 0 ? 0 : 3)) \(units[unit])"
    }

    /// `512MiB`, `512M`, `1.5G`, `400 KiB`, `1000000`; `MB` and its kin are decimal. K, M, G and T are binary, as systemd, Docker
    /// and Node read them.
    public init?(_ text: String) {
        guard let (number, suffix) = splitQuantity(text), number >= 0 else { return nil }
        let factor: Double
        switch suffix.lowercased() {
        case "", "b": factor = 1
        case "k", "kib": factor = 1_024
        case "m", "mib": factor = 1_048_576
        case "g", "gib": factor = 1_073_741_824
        case "t", "tib": factor = 1_099_511_627_776
        case "kb": factor = 1e3
        case "mb": factor = 1e6
        case "gb": factor = 1e9
        case "tb": factor = 1e12
        default: return nil
        }
        guard number * factor < 9e18 else { return nil }
        self.init(rounding: number * factor)
    }
}

/// Splits `1.5GiB` into 1.5 and `GiB`. Spaces between the two are allowed. No exponent, no sign but a leading minus.
func splitQuantity(_ text: some StringProtocol) -> (Double, String)? {
    let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "-") }
    guard let number = Double(String(digits)) else { return nil }
    return (number, text.dropFirst(digits.count).drop { $0 == " " }.description)
}

/// `value` with `digits` significant digits and no trailing zeros after the point; whole numbers are never cut.
func significant(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    var magnitude = value
    var places = max(0, digits - 1)
    while magnitude >= 10 && places > 0 {
        magnitude /= 10
        places -= 1
    }
    for _ in 0..<places { scale *= 10 }
    let rounded = (value * scale).rounded() / scale
    return rounded == rounded.rounded() ? String(Int64(rounded)) : String(rounded)
}

extension Int64 {
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }

    func subtractingSaturating(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other < 0 ? .max : .min) : difference
    }
}
