import MemoryWatch
import SeededNumbers
import Testing
import Units

@Suite struct HeapBoundTests {
    /// Whatever else rises and falls back, as long as it does not fall below where it was at the estimate.
    @Test func isNeverBelowTheHeap() {
        var numbers = SeededNumbers(seed: 7)
        var bound = HeapBound()
        var heap = 50.0
        for step in 0..<10_000 {
            heap = max(5, heap + .random(in: -10...10.5, using: &numbers))
            if step % 100 == 0 { bound.estimated(heap: megabytes(heap), rss: megabytes(heap) + megabytes(40), at: .seconds(step)) }
            let rss = megabytes(heap) + megabytes(40 + .random(in: 0...100, using: &numbers))
            let upper = bound.upperBound(rss: rss)
            #expect(upper >= megabytes(heap) && upper <= rss)
        }
    }

    @Test func noiseIsNoRamp() {
        var numbers = SeededNumbers(seed: 8)
        var bound = HeapBound()
        bound.estimated(heap: megabytes(50), rss: megabytes(100), at: .zero)
        for _ in 0..<10_000 { #expect(bound.upperBound(rss: megabytes(100 + .random(in: -5...5, using: &numbers))) <= megabytes(60)) }
    }

    @Test func wantsAnEstimateOnlyWhereItDecides() {
        var bound = HeapBound()
        #expect(!bound.wantsEstimate(rss: megabytes(100), at: .zero, decisive: megabytes(200)))
        #expect(bound.wantsEstimate(rss: megabytes(200), at: .zero, decisive: megabytes(200)))
        bound.estimated(heap: megabytes(5), rss: megabytes(200), at: .zero)
        #expect(!bound.wantsEstimate(rss: megabytes(390), at: .seconds(9), decisive: megabytes(200)))
        #expect(bound.wantsEstimate(rss: megabytes(396), at: .seconds(9), decisive: megabytes(200)))
        #expect(!bound.wantsEstimate(rss: megabytes(396), at: .milliseconds(100), decisive: megabytes(200)), "too soon after the last")
        #expect(bound.wantsEstimate(rss: megabytes(300), at: .seconds(60), decisive: megabytes(200)), "old")
        #expect(!bound.wantsEstimate(rss: megabytes(199), at: .seconds(60), decisive: megabytes(200)), "old, but it cannot be")
        bound.estimated(heap: megabytes(201), rss: megabytes(396), at: .seconds(9))
        #expect(!bound.wantsEstimate(rss: megabytes(600), at: .seconds(99), decisive: megabytes(200)), "already decided")
    }

    /// A leak of 400 MB of Buffers beside a heap of 5 MB needs two estimates, not one per sample.
    @Test func fewEstimatesForALeakOfBuffers() {
        var bound = HeapBound()
        var estimates = 0
        for step in 0..<4_000 {
            let rss = megabytes(60 + Double(step) / 10)
            _ = bound.upperBound(rss: rss)
            guard bound.wantsEstimate(rss: rss, at: .milliseconds(step * 10), decisive: megabytes(220)) else { continue }
            bound.estimated(heap: megabytes(5), rss: rss, at: .milliseconds(step * 10))
            estimates += 1
        }
        #expect(estimates == 2)
    }
}
