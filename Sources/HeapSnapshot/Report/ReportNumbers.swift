/// Numbers as the page writes them: aligned under each other, so all sizes of a table are in KiB with one decimal, as rounding to three digits and
/// changing units would hide what is large.
extension BinaryInteger {
    /// `1,234,567`; the sign of a negative one is U+2212, as wide as a digit.
    var grouped: String {
        var digits = Array(String(magnitude).utf8)
        var place = digits.count - 3
        while place > 0 {
            digits.insert(UInt8(ascii: ","), at: place)
            place -= 3
        }
        return (self < 0 ? "\u{2212}" : "") + String(decoding: digits, as: UTF8.self)
    }

    /// With a sign, unless it is 0.
    var signed: String { self > 0 ? "+\(grouped)" : grouped }

    /// Bytes as KiB: `1,234.5`.
    var kibibytes: String {
        let tenths = UInt64((Double(magnitude) / 102.4).rounded())
        return (self < 0 && tenths > 0 ? "\u{2212}" : "") + "\((tenths / 10).grouped).\(tenths % 10)"
    }

    var signedKibibytes: String { self > 0 ? "+\(kibibytes)" : kibibytes }
}

extension Double {
    /// A share as percent with one decimal, `12.3`; what is no number as a dash.
    var percent: String {
        guard isFinite else { return "–" }
        let tenths = Int64((Swift.min(Swift.max(self, -1e9), 1e9) * 1_000).rounded())
        return (tenths < 0 ? "\u{2212}" : "") + "\((tenths.magnitude / 10).grouped).\(tenths.magnitude % 10)"
    }

    /// With two decimals, for coordinates: `12.34`, `7`.
    var coordinate: String {
        let hundredths = Int64((Swift.min(Swift.max(isFinite ? self : 0, -1e9), 1e9) * 100).rounded())
        let (whole, part) = (hundredths.magnitude / 100, hundredths.magnitude % 100)
        return (hundredths < 0 ? "-" : "")
            + (part == 0 ? "\(whole)" : part % 10 == 0 ? "\(whole).\(part / 10)" : "\(whole).\(part < 10 ? "0" : "")\(part)")
    }
}

extension Report {
    static func share(_ part: UInt64, of whole: UInt64) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
}
