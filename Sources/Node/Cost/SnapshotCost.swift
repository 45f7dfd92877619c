public import Units

/// What one service's earlier snapshots have cost, per byte of heap.
public struct LearnedFactors: Sendable, Hashable, Codable {
    public var extraPerHeapByte: Double
    /// Seconds.
    public var pausePerHeapByte: Double
    public var bytesPerHeapByte: Double
    /// The largest live heap that they were seen at.
    public var heap: ByteCount

    public init(extraPerHeapByte: Double, pausePerHeapByte: Double, bytesPerHeapByte: Double, heap: ByteCount) {
        self.extraPerHeapByte = extraPerHeapByte
        self.pausePerHeapByte = pausePerHeapByte
        self.bytesPerHeapByte = bytesPerHeapByte
        self.heap = heap
    }
}

extension LearnedFactors {
    /// With a margin: one program's ratio moved by 45 % between captures, with the garbage in the resident heap. It does not lift the memory above the
    /// default unless more was really seen.
    fileprivate func cost(of heap: ByteCount, extraPerHeapByte standard: Double) -> SnapshotCost {
        let extra = min(extraPerHeapByte * 1.5, max(extraPerHeapByte, standard))
        return SnapshotCost(
            extra: heap * extra, pause: Duration(inSeconds: Double(heap.bytes) * pausePerHeapByte * 1.25), file: heap * bytesPerHeapByte * 1.25)
    }
}

/// What a snapshot in place will cost its process.
public struct SnapshotCost: Sendable, Hashable, Codable {
    /// Memory on top of what the process uses now, at the peak.
    public var extra: ByteCount
    /// How long its event loop stands still.
    public var pause: Duration
    /// The size of the file.
    public var file: ByteCount

    public init(extra: ByteCount, pause: Duration, file: ByteCount) {
        self.extra = extra
        self.pause = pause
        self.file = file
    }

    public static let standardExtraPerHeapByte = 10.0

    /// Until a service has been seen, the worst that was measured: a heap of small objects (about 49 bytes each).
    ///
    /// - Parameters:
    ///   - heap: used bytes, or the resident heap as their upper bound.
    /// Extra memory: 6.3 to 9.4 x the resident heap on Node 20 to 26, so 10 (docs/decisions/0002). File: 1.5 to 1.7 x, so 1.75. Pause, measured at 13.6, 127 and 635 MB:
    /// 0.44, 6.6 and 48.1 s on Node 20; 0.36, 5.3 on 22; 0.28, 3.9, 27.6 on 24. It grows a little faster than the heap: b x^1.22 through
    /// the two upper points of Node 20 and 24; a fifth is added for a busier machine.
    ///   - extraPerHeapByte: until learned.
    ///
    /// What was learned replaces it for heaps up to twice the one it was learned at, and only raises it beyond: a small heap says nothing about one that
    /// leaks (the stop grows faster than the heap, and what leaks is not what was there before).
    public static func predict(
        heap: ByteCount, version: NodeVersion?, learned: LearnedFactors?, extraPerHeapByte: Double = standardExtraPerHeapByte
    ) -> SnapshotCost {
        let hundreds = max(Double(heap.bytes), 0) / 1e8
        let seconds = max(1.2 * secondsAtHundredMegabytes(version) * power(hundreds), slowStrings(version) * hundreds * hundreds)
        let unseen = SnapshotCost(extra: heap * extraPerHeapByte, pause: Duration(inSeconds: seconds), file: heap * 1.75)
        guard let learned else { return unseen }
        let seen = learned.cost(of: heap, extraPerHeapByte: extraPerHeapByte)
        guard heap > learned.heap * 2 else { return seen }
        return SnapshotCost(extra: max(seen.extra, unseen.extra), pause: max(seen.pause, unseen.pause), file: max(seen.file, unseen.file))
    }

    /// The largest heap whose snapshot is predicted to stop its process no longer than this; to 1 MiB, up to 64 GiB.
    public static func largestHeap(pausing maxPause: Duration, version: NodeVersion?, learned: LearnedFactors?) -> ByteCount {
        var (fits, tooLarge) = (0, 65_536)  // in MiB: the prediction only grows with the heap
        while tooLarge - fits > 1 {
            let middle = (fits + tooLarge) / 2
            if predict(heap: .mebibytes(middle), version: version, learned: learned).pause <= maxPause { fits = middle } else { tooLarge = middle }
        }
        return .mebibytes(fits)
    }

    /// Seconds for 100 MB, growing with the square: Node 18.18 and 20.18 took 5, 23 and 86 s of processor time for resident heaps of 89, 140 and 195 MB
    /// with many distinct strings, nearly all of it in V8's StringsStorage::AddOrDisposeString (docs/decisions/0002); 20.20.2 does not.
    private static func slowStrings(_ version: NodeVersion?) -> Double {
        guard let version else { return 0 }
        return version < NodeVersion(20, 20, 0) ? 12 : 0
    }

    /// Seconds for the first 100 MB of heap, from the table above (6.64 s / 1.274^1.22 on Node 20).
    private static func secondsAtHundredMegabytes(_ version: NodeVersion?) -> Double {
        switch version?.major {
        case nil: 4.9
        case .some(..<22): 4.9
        case .some(22..<24): 4.0
        default: 2.9
        }
    }

    /// x^1.22 from 100 MB up; below that in proportion, which is on the safe side (x^1.22 < x for x < 1).
    private static func power(_ x: Double) -> Double {
        guard x > 1 else { return x }
        // x^1.22 = x * x^(1/4) / x^(0.03), and the last factor stays above 0.9 up to 3 GB: leaving it out errs upwards.
        return x * x.squareRoot().squareRoot()
    }
}
