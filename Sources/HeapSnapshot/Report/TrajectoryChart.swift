import Units

/// The service's memory up to the capture as a line, its limit as another one.
///
/// The lines are drawn in a box of 100 by 100 that is stretched; the texts stand outside of it and keep their size.
struct TrajectoryChart {
    let samples: [Report.Sample]
    private let (first, last): (Double, Double)
    private let top: UInt64

    /// A screen has no more columns to show.
    private static let mostSamples = 500
    private static let height = 160.0
    /// Room for the numbers of the time axis.
    private static let plot = 140.0

    /// nil where there is nothing to draw.
    init?(_ given: [Report.Sample]) {
        let sound = given.filter { $0.seconds.isFinite }.sorted { $0.seconds < $1.seconds }
        guard sound.count >= 2, let start = sound.first?.seconds, let end = sound.last?.seconds, end > start else { return nil }
        samples = TrajectoryChart.thinned(sound)
        (first, last) = (start, end)
        top = max(1, sound.map { max($0.useBytes, $0.limitBytes ?? 0) }.max() ?? 1)
    }

    /// The highest of each of as many stretches as there is room for, and the first and last of all: a peak is never lost.
    private static func thinned(_ samples: [Report.Sample]) -> [Report.Sample] {
        guard samples.count > mostSamples else { return samples }
        let inner = samples.dropFirst().dropLast()
        let step = Double(inner.count) / Double(mostSamples - 2)
        var kept = [samples[0]]
        for at in 0..<(mostSamples - 2) {
            let stretch = inner[(inner.startIndex + Int(Double(at) * step))..<min(inner.endIndex, inner.startIndex + Int(Double(at + 1) * step))]
            if let highest = stretch.max(by: { $0.useBytes < $1.useBytes }) { kept.append(highest) }
        }
        kept.append(samples[samples.count - 1])
        return kept
    }

    private func x(_ seconds: Double) -> Double { (seconds - first) / (last - first) * 100 }
    /// 4 of 100 stay free above the highest, for its label.
    private func y(_ bytes: UInt64) -> Double { 100 - Double(bytes) / Double(top) * 88 }

    /// As points of a polyline; a limit holds until the next sample, so that its line has steps.
    private func points(_ values: [(Double, UInt64)], steps: Bool) -> String {
        var points: [String] = []
        var before: UInt64?
        for (seconds, bytes) in values {
            if steps, let before, before != bytes { points.append("\(x(seconds).coordinate),\(y(before).coordinate)") }
            points.append("\(x(seconds).coordinate),\(y(bytes).coordinate)")
            before = bytes
        }
        return points.joined(separator: " ")
    }

    /// Stretches in which there was a limit.
    private var limits: [[(Double, UInt64)]] {
        var stretches: [[(Double, UInt64)]] = []
        var isOpen = false
        for sample in samples {
            guard let limit = sample.limitBytes else {
                isOpen = false
                continue
            }
            if !isOpen { stretches.append([]) }
            isOpen = true
            stretches[stretches.count - 1].append((sample.seconds, limit))
        }
        return stretches
    }

    var sentence: String {
        let (start, end) = (samples[0], samples[samples.count - 1])
        var text = "From \(size(start.useBytes)) to \(size(end.useBytes)) in \((last - first).coordinate) s"
        let peak = samples.map(\.useBytes).max() ?? 0
        if peak > end.useBytes { text += ", at most \(size(peak))" }
        if let limit = end.limitBytes { text += "; the limit was \(size(limit)), \(Report.share(end.useBytes, of: limit).percent) % used" }
        return text + "."
    }

    private func size(_ bytes: UInt64) -> String { ByteCount(clamping: bytes).description }

    var html: HTML {
        var lines: [HTML] = []
        for stretch in limits { lines.append("<polyline class=\"limit\" points=\"\(points(stretch, steps: true))\"/>\n") }
        lines.append("<polyline class=\"use\" points=\"\(points(samples.map { ($0.seconds, $0.useBytes) }, steps: false))\"/>\n")
        var labels: [HTML] = []
        // On the left, where the line of a leak is low.
        if let limit = samples[samples.count - 1].limitBytes {
            labels.append("<text x=\"0\" y=\"\((y(limit) / 100 * Self.plot - 4).coordinate)\">limit \(size(limit))</text>")
        } else {
            labels.append("<text x=\"0\" y=\"\((y(top) / 100 * Self.plot - 4).coordinate)\">\(size(top))</text>")
        }
        labels.append("<text x=\"0\" y=\"\(Int(Self.height) - 5)\">\(first.coordinate) s</text>")
        labels.append("<text x=\"100%\" y=\"\(Int(Self.height) - 5)\" text-anchor=\"end\">\(last.coordinate) s</text>")
        return """
            <figure>
            <svg class="chart" width="100%" height="\(Int(Self.height))" role="img" aria-label="Memory over time. \(sentence)">
            <svg width="100%" height="\(Int(Self.plot))" viewBox="0 0 100 100" preserveAspectRatio="none">
            <line class="axis" x1="0" y1="100" x2="100" y2="100"/>
            \(lines)</svg>
            \(labels)
            </svg>
            <figcaption>\(sentence)</figcaption>
            </figure>

            """
    }
}
