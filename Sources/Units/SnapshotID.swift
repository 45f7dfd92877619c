/// The name of a capture: `<UTC yyyymmddThhmmss>-<8 hex>`; sorts by time, to the millisecond. See contract 2.
public struct SnapshotID: Sendable, Hashable, Comparable, Codable, LosslessStringConvertible {
    public let text: String
    public var description: String { text }

    /// The hex digits are the millisecond within the second, in 10 bits, and 22 bits at random: `latest` is the latest, also of two within one second.
    /// - Parameters:
    ///   - time: of the request of the capture.
    ///   - random: makes ids of one millisecond unique; its lower 22 bits count.
    public init(at time: Timestamp, random: UInt32 = .random(in: .min ... .max)) {
        let (civil, milliseconds) = time.clamped.civil
        text =
            "\(padded(civil.year, 4))\(padded(civil.month, 2))\(padded(civil.day, 2))"
            + "T\(padded(civil.hour, 2))\(padded(civil.minute, 2))\(padded(civil.second, 2))"
            + "-" + padded(UInt32(milliseconds) << 22 | random & 0x3f_ffff, 8, radix: 16)
    }

    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 24, bytes[8] == UInt8(ascii: "T"), bytes[15] == UInt8(ascii: "-") else { return nil }
        let decimal = UInt8(ascii: "0")...UInt8(ascii: "9")
        let isHex = { (byte: UInt8) in decimal.contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) }
        guard bytes[0..<8].allSatisfy(decimal.contains), bytes[9..<15].allSatisfy(decimal.contains), bytes[16...].allSatisfy(isHex) else {
            return nil
        }
        self.text = text
    }

    public static func < (a: SnapshotID, b: SnapshotID) -> Bool { a.text < b.text }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = SnapshotID(text) else { throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a snapshot id") }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

func padded(_ number: some BinaryInteger, _ width: Int, radix: Int = 10) -> String {
    let digits = String(number, radix: radix)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Proleptic Gregorian date of a day number; Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.
func civilDate(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = daysSinceEpoch + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
}
