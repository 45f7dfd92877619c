import Units

/// A `Duration` that is a number of seconds in JSON.
public struct Seconds: Codable, Sendable, Hashable, Comparable {
    public var duration: Duration
    public init(_ duration: Duration) { self.duration = duration }
    public static func < (a: Seconds, b: Seconds) -> Bool { a.duration < b.duration }

    public init(from decoder: any Decoder) throws { duration = Duration(inSeconds: try decoder.singleValueContainer().decode(Double.self)) }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        // Microseconds: what is below is noise of the conversion to binary.
        try container.encode((duration.inSeconds * 1e6).rounded() / 1e6)
    }
}
