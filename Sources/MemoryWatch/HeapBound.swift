public import Units

/// An upper bound of V8's heap between two estimates.
///
/// An estimate reads smaps, which takes 11 ms and holds the target's mmap lock, so it is never made in the loop. Between two of them the
/// heap is taken to have grown by all that RSS has since its lowest point; it is never above RSS. What this cannot see is heap that took the
/// place of Buffers; that is why an estimate ages. (Adding up every rise would see it, but turns the noise of RSS into a ramp, and the forecast
/// of the heap would take that for a leak.)
public struct HeapBound: Sendable {
    /// With estimates of 11 ms, at most 5 % of a core when every one of them is wanted.
    private static let spacing = Duration.milliseconds(220)
    /// An old estimate is made again where RSS would allow a decisive heap: 11 ms a minute.
    private static let age = Duration.seconds(60)

    private var estimate: (heap: ByteCount, at: Duration)?
    private var lowestRSS = ByteCount.zero

    public init() {}

    public mutating func estimated(heap: ByteCount, rss: ByteCount, at: Duration) {
        estimate = (heap, at)
        lowestRSS = rss
    }

    /// Before the first estimate all of RSS may be heap. Every reading of RSS must pass through here, for the lowest.
    public mutating func upperBound(rss: ByteCount) -> ByteCount {
        lowestRSS = min(lowestRSS, rss)
        return bound(rss)
    }

    /// Whether a new estimate is worth its cost: the bound has reached the size at which one would act and the last estimate had not, or that
    /// is old.
    public func wantsEstimate(rss: ByteCount, at: Duration, decisive: ByteCount) -> Bool {
        guard let estimate else { return rss >= decisive }
        let known = at - estimate.at
        return estimate.heap < decisive && rss >= decisive && known >= (bound(rss) >= decisive ? HeapBound.spacing : HeapBound.age)
    }

    private func bound(_ rss: ByteCount) -> ByteCount {
        guard let estimate else { return rss }
        return min(rss, estimate.heap + (rss - min(lowestRSS, rss)))
    }
}
