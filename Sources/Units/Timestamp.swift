/// An instant of wall-clock time, for records and people; intervals are measured on a monotonic clock instead.
///
/// JSON and text form: ISO 8601 in UTC with milliseconds, `2026-11-21T00:31:36.250Z`.
public struct Timestamp: Sendable, Hashable, Comparable, Codable, LosslessStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    /// Of Unix time with decimals. What another program says is clamped to the years 1 to 9999.
    public init(secondsSinceEpoch seconds: Double) {
        let (first, last) = (-62_135_596_800.0, 253_402_300_799.0)
        milliseconds = seconds.isNaN ? 0 : Int64((min(max(seconds, first), last) * 1_000).rounded())
    }
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    public var description: String {
        let seconds = Int64((Double(milliseconds) / 1_000).rounded(.down))
        let (year, month, day) = civilDate(daysSinceEpoch: Int64((Double(seconds) / 86_400).rounded(.down)))
        let second = ((seconds % 86_400) + 86_400) % 86_400
        return
            "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(second / 3_600, 2)):\(padded(second / 60 % 60, 2)):\(padded(second % 60, 2))"
            + ".\(padded(milliseconds - seconds * 1_000, 3))Z"
    }

    public init?(_ text: String) {
        let parts = text.split(whereSeparator: { "-T:.Z".contains($0) }).compactMap { Int64($0) }
        guard text.hasSuffix("Z"), parts.count == 6 || parts.count == 7, (1...12).contains(parts[1]), (1...31).contains(parts[2]) else { return nil }
        let day = daysSinceEpoch(year: parts[0], month: parts[1], day: parts[2])
        self.init(milliseconds: ((day * 24 + parts[3]) * 60 + parts[4]) * 60_000 + parts[5] * 1_000 + (parts.count == 7 ? parts[6] : 0))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let instant = Timestamp(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not an ISO 8601 instant in UTC")
        }
        self = instant
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The inverse of `civilDate`; the same source, days_from_civil.
func daysSinceEpoch(year: Int64, month: Int64, day: Int64) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
}
