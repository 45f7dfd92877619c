/// An instant of wall-clock time, for records and people; intervals are measured on a monotonic clock instead.
///
/// JSON and text form: ISO 8601 in UTC with milliseconds, `2026-11-21T00:31:36.250Z`.
public struct Timestamp: Sendable, Hashable, Comparable, Codable, LosslessStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var milliseconds: Int64
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }
    /// Of Unix time with decimals. What another program says is clamped to the years 1 to 9999.
    public init(secondsSinceEpoch seconds: Double) {
        let (first, last) = (Double(Self.first) / 1_000, Double(Self.last) / 1_000)
        milliseconds = seconds.isNaN ? 0 : Int64((min(max(seconds, first), last) * 1_000).rounded())
    }

    /// 0001-01-01T00:00:00.000Z and 9999-12-31T23:59:59.000Z.
    private static let (first, last): (Int64, Int64) = (-62_135_596_800_000, 253_402_300_799_000)

    /// Within the years 1 to 9999: a file can claim any time.
    public var clamped: Timestamp { Timestamp(milliseconds: min(max(milliseconds, Self.first), Self.last)) }

    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

    public var description: String {
        let (civil, milliseconds) = civil
        return "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
            + "T\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2)).\(padded(milliseconds, 3))Z"
    }

    /// In UTC, and the milliseconds behind the second.
    var civil: (CivilTime, milliseconds: Int64) {
        let (seconds, milliseconds) = flooredDivision(milliseconds, 1_000)
        let (day, second) = flooredDivision(seconds, 86_400)
        let (year, month, dayOfMonth) = civilDate(daysSinceEpoch: day)
        return (
            CivilTime(year: year, month: month, day: dayOfMonth, hour: second / 3_600, minute: second / 60 % 60, second: second % 60), milliseconds
        )
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

/// UTC, by the proleptic Gregorian calendar; months and days from 1.
struct CivilTime {
    var year, month, day, hour, minute, second: Int64
}

/// Towards the past, so that the remainder is 0 or more.
private func flooredDivision(_ value: Int64, _ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
}
