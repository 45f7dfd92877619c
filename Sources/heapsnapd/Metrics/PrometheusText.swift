/// Metrics in Prometheus's text format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
///
///     # HELP heapsnapd_use_bytes Memory in use.
///     # TYPE heapsnapd_use_bytes gauge
///     heapsnapd_use_bytes{service="shop",pid="4711"} 83886080
struct PrometheusText {
    enum Kind: String { case gauge, counter, histogram }
    typealias Labels = KeyValuePairs<String, String>

    private(set) var text = ""

    /// Before all samples of that name.
    mutating func family(_ name: String, _ kind: Kind, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func sample(_ name: String, _ value: Double, _ labels: Labels = [:]) { add(name, labels, Self.number(value)) }
    mutating func sample(_ name: String, _ value: Int64, _ labels: Labels = [:]) { add(name, labels, String(value)) }

    mutating func histogram(_ name: String, _ help: String, _ histogram: Histogram) {
        family(name, .histogram, help)
        for (bound, count) in zip(Histogram.bounds, histogram.cumulated) { sample("\(name)_bucket", Int64(count), ["le": Self.number(bound)]) }
        sample("\(name)_bucket", Int64(histogram.total), ["le": "+Inf"])
        sample("\(name)_sum", histogram.sum)
        sample("\(name)_count", Int64(histogram.total))
    }

    private mutating func add(_ name: String, _ labels: Labels, _ value: String) {
        let inside = labels.map { #"\#($0)="\#(Self.escaped($1))""# }.joined(separator: ",")
        text += inside.isEmpty ? "\(name) \(value)\n" : "\(name){\(inside)} \(value)\n"
    }

    /// Whole numbers without a point, as Go's clients write them.
    private static func number(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int64(value)) : "\(value)"
    }

    /// Backslash, quote and line feed, as the format asks; names come from strangers' package.json, so they are cut, too.
    private static func escaped(_ value: String) -> String {
        value.prefix(128).reduce(into: "") { text, character in
            switch character {
            case "\\": text += #"\\"#
            case "\"": text += #"\""#
            case "\n", "\r\n": text += #"\n"#
            default: text.append(character)
            }
        }
    }
}
