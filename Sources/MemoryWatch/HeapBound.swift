public import Units

/// An upper bound of V8's heap between two estimates.
///
/// An estimate reads smaps, which takes 11 ms and holds the target's mmap lock, so it is never made in the loop. Between two of them the
/// heap cannot have grown by more than RSS has since its lowest point, and is never above RSS.
public struct HeapBound: Sendable {
    /// With estimates of 11 ms, at most 5 % of a core when every one of them is wanted.
    private static let spacing = Duration.milliseconds(220)

    private var estimate: (heap: ByteCount, at: Duration)?
    private var lowestRSS = ByteCount.zero

    public init() {}

    public mutating func estimated(heap: ByteCount, rss: ByteCount, at: Duration) {
        estimate = (heap, at)
        lowestRSS = rss
    }

    /// Before the first estimate all of RSS may be heap. Every reading of RSS must pass through here: what falls may be taken by the heap.
    public mutating func upperBound(rss: ByteCount) -> ByteCount {
        lowestRSS = min(lowestRSS, rss)
        return bound(rss)
    }

    /// Whether a new estimate is worth its cost: the bound has reached the size at which one would act, and the last estimate had not.
    public func wantsEstimate(rss: ByteCount, at: Duration, decisive: ByteCount) -> Bool {
        guard let estimate else { return rss >= decisive }
        return estimate.heap < decisive && bound(rss) >= decisive && at - estimate.at >= HeapBound.spacing
    }

    private func bound(_ rss: ByteCount) -> ByteCount {
        guard let estimate else { return rss }
        return min(rss, estimate.heap + (rss - min(lowestRSS, rss)))
    }
}
