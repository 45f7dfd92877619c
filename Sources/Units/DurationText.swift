extension Duration {
    /// Seconds as a floating-point number: for arithmetic of forecasts and for JSON, which carries seconds.
    public var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// Clamps what a forecast can produce (infinity, 10^300 s) to 100 years.
    public init(inSeconds seconds: Double) {
        let century = 3.2e9
        self = .seconds(seconds.isNaN ? 0 : min(max(seconds, -century), century))
    }

    /// `250ms`, `30s`, `1m30s`, `2h`, `1d`; a bare number is seconds.
    public init?(text: String) {
        var rest = Substring(text.filter { $0 != " " })
        guard !rest.isEmpty else { return nil }
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(String(digits)) else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            let factors: [String: Double] = ["": 1, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800]
            guard let factor = factors[String(unit)], number * factor < 3.2e9 else { return nil }
            if unit.isEmpty && !(rest.isEmpty && total == 0) { return nil }
            total += number * factor
        }
        self = .seconds(total)
    }

    /// The two largest units that matter: `1h 5m`, `14m`, `2.5s`, `120ms`.
    public var text: String {
        let seconds = inSeconds
        if seconds < 0 { return "-" + (Duration.zero - self).text }
        if seconds < 1 { return "\(significant(seconds * 1_000, digits: 3))ms" }
        if seconds < 60 { return "\(significant(seconds, digits: 3))s" }
        let whole = Int64(seconds.rounded())
        for (unit, size, next, nextSize) in [("d", Int64(86_400), "h", Int64(3_600)), ("h", 3_600, "m", 60), ("m", 60, "s", 1)] where whole >= size {
            let part = whole % size / nextSize
            return part == 0 ? "\(whole / size)\(unit)" : "\(whole / size)\(unit) \(part)\(next)"
        }
        return "\(whole)s"
    }
}
