import MemoryWatch
import Testing
import Units

@Suite struct HeapBoundTests {
    /// Heap and the rest move in turn, so that RSS shows each of them.
    @Test func isNeverBelowTheHeap() {
        var numbers = SeededNumbers(seed: 7)
        var bound = HeapBound()
        var (heap, other) = (50.0, 60.0)
        for step in 0..<10_000 {
            if step % 2 == 0 { heap = max(5, heap + .random(in: -10...10.5, using: &numbers)) }
            if step % 2 == 1 { other = max(20, other + .random(in: -30...30, using: &numbers)) }
            let rss = megabytes(heap) + megabytes(other)
            let upper = bound.upperBound(rss: rss)
            #expect(upper >= megabytes(heap) && upper <= rss)
            if step % 100 == 0 { bound.estimated(heap: megabytes(heap), rss: rss, at: .seconds(step)) }
        }
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
