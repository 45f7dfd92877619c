/// One level's history at one time scale: the lowest and the highest value in each of at most 16 bins, and the line fitted through the lows.
///
/// V8's heap is a saw-tooth: garbage piles up until a collection takes it away. What survives is the lower envelope, so the lows are fitted;
/// the highs then say how far the teeth stand above that line.
struct Scale: Sendable {
    static let capacity = 16
    /// Fewer points cannot reach the 99 % level with any room for noise: of 28 slopes between 8 points at most 3 may fall.
    static let fewest = 8

    struct Bin {
        var number: Int
        var low: Double, lowAt: Double
        var high: Double, highAt: Double
        var samples: Int
    }

    /// Seconds per bin.
    let width: Double
    /// Oldest first; the last one is still open.
    private(set) var bins: [Bin] = []
    /// Of the closed bins; nil when there are too few, or they do not grow.
    private(set) var fit: Fit?
    /// The deepest fall from a high to a later low among the closed bins: how high this service's teeth are.
    private(set) var drop = 0.0

    init(width: Double) { self.width = width }

    /// Cost: a few ns inside a bin; up to 4 µs when a bin closes and grows.
    mutating func add(_ value: Double, at time: Double) {
        let number = Int((time / width).rounded(.down))
        if var bin = bins.last, bin.number >= number {
            if value < bin.low { (bin.low, bin.lowAt) = (value, time) }
            if value >= bin.high { (bin.high, bin.highAt) = (value, time) }
            bin.samples += 1
            bins[bins.count - 1] = bin
            return
        }
        let kept = bins.firstIndex { $0.number >= number - Scale.capacity } ?? bins.count
        bins.removeFirst(kept)
        fit = bins.count < Scale.fewest ? nil : Fit(bins)
        drop = Scale.deepestFall(bins)
        // One more than 16 would double the array; a service has up to 18 of them.
        if bins.count == Scale.capacity { bins.reserveCapacity(Scale.capacity + 1) }
        bins.append(Bin(number: number, low: value, lowAt: time, high: value, highAt: time, samples: 1))
    }

    mutating func clear() { self = Scale(width: width) }

    private static func deepestFall(_ bins: [Bin]) -> Double {
        var highest = -Double.infinity
        var deepest = 0.0
        for bin in bins {
            if bin.highAt < bin.lowAt { highest = max(highest, bin.high) }
            deepest = max(deepest, highest - bin.low)
            highest = max(highest, bin.high)
        }
        return deepest
    }
}

/// The slope of Theil and Sen: the median of the slopes between all pairs of points. Up to 29 % of the points may be anything.
///
/// The interval is that of P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", JASA 63 (1968): order statistics of the
/// slopes, with the variance of Kendall's S. Growth is significant when the lower end is above 0, which is Kendall's test.
struct Fit: Sendable {
    /// Bytes per second; `slowest` and `fastest` are the ends of the 99 % interval.
    let slope: Double, slowest: Double, fastest: Double
    /// The lowest value, and where the lines through the lows (median) and above all highs cross `origin`.
    let lowest: Double
    private let origin: Double, lower: Double, upper: Double
    let samples: Int

    /// Nil unless they grow, beyond doubt and still: a ramp that has ended shows in a newer half that is less than half as steep.
    ///
    /// - Complexity: 120 slopes of 16 points; they are sorted only when enough of them rise.
    init?(_ bins: [Scale.Bin]) {
        let count = bins.count
        let pairs = count * (count - 1) / 2
        let deviation = (Double(count * (count - 1) * (2 * count + 5)) / 18).squareRoot()
        let outside = max(0, Int(((Double(pairs) - 2.58 * deviation) / 2).rounded(.down)))
        var slopes = Fit.slopes(bins[...])
        guard slopes.count(where: { $0 <= 0 }) <= outside else { return nil }
        slopes.sort()
        let slope = slopes[pairs / 2]
        let recent = Fit.slopes(bins[(count / 2)...]).sorted()
        guard recent[recent.count / 2] > slope / 2 else { return nil }
        let origin = bins[0].lowAt
        self.slope = slope
        (slowest, fastest) = (slopes[outside], slopes[pairs - 1 - outside])
        self.origin = origin
        lower = bins.map { $0.low - slope * ($0.lowAt - origin) }.sorted()[count / 2]
        upper = bins.reduce(-.infinity) { max($0, $1.high - slope * ($1.highAt - origin)) }
        lowest = bins.reduce(.infinity) { min($0, $1.low) }
        samples = bins.reduce(0) { $0 + $1.samples }
    }

    func lowLine(at time: Double) -> Double { lower + slope * (time - origin) }
    func highLine(at time: Double) -> Double { upper + slope * (time - origin) }
    func span(at time: Double) -> Double { time - origin }

    private static func slopes(_ bins: ArraySlice<Scale.Bin>) -> [Double] {
        var slopes: [Double] = []
        slopes.reserveCapacity(bins.count * (bins.count - 1) / 2)
        for i in bins.indices {
            for j in bins.indices[(i + 1)...] { slopes.append((bins[j].low - bins[i].low) / (bins[j].lowAt - bins[i].lowAt)) }
        }
        return slopes
    }
}
