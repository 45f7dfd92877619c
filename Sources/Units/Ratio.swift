/// A share of something, kept in permyriad (1/10,000) as systemd does, so that `80%` in a file compares equal to `0.8`.
public struct Ratio: Sendable, Hashable, Comparable, Codable, LosslessStringConvertible {
    /// 10,000 is the whole; more is allowed (growth of 150 %).
    public var permyriad: Int

    public init(permyriad: Int) { self.permyriad = permyriad }
    public static func percent(_ percent: Double) -> Ratio { Ratio(permyriad: Int((percent * 100).rounded())) }
    /// The share that `part` is of `whole`; a whole of nothing is full.
    public init(_ part: ByteCount, of whole: ByteCount) {
        permyriad = whole.bytes <= 0 ? 10_000 : Int((Double(part.bytes) / Double(whole.bytes) * 10_000).rounded())
    }

    public var fraction: Double { Double(permyriad) / 10_000 }
    public func of(_ whole: ByteCount) -> ByteCount { whole * fraction }
    public static func < (a: Ratio, b: Ratio) -> Bool { a.permyriad < b.permyriad }

    public var description: String { "\(significant(Double(permyriad) / 100, digits: 4))%" }

    /// `80%`, `99.5 %`, `0.8`.
    public init?(_ text: String) {
        guard let (number, suffix) = splitQuantity(text), number >= 0, number < 1e6 else { return nil }
        switch suffix {
        case "%": self = .percent(number)
        case "": self = .percent(number * 100)
        default: return nil
        }
    }

    public init(from decoder: any Decoder) throws { self = .percent(try decoder.singleValueContainer().decode(Double.self) * 100) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(fraction)
    }
}
