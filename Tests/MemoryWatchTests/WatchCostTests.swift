import MemoryWatch
import Testing
import Units

/// One turn of the loop must be lost beside the reads of /proc it follows (about 20 µs): 5 µs when optimised. Unoptimised code only has to end.
@Suite struct WatchCostTests {
    @Test(arguments: [5, 100, 1_000]) func oneTurnIsCheap(milliseconds: Int) throws {
        var service = SimulatedService(live: SimulatedService.leak(0.02), toothHeight: 20, noise: 1)
        let samples = (0..<20_000).map { service.sample(Double($0 * milliseconds) / 1_000) }
        var forecaster = Forecaster()
        let rule = Rule(
            name: "default", triggers: try ["use=99%", "timeToLimit=15s", "latestSafeMoment=15m", "growth=900%"].flatMap { try Trigger.parse($0) })
        var state = RuleState(rule)
        // The best of a hundred stretches: other tests, and builds, run at the same time.
        var each = Duration.seconds(1)
        for stretch in 0..<100 {
            let elapsed = ContinuousClock().measure {
                for sample in samples[(stretch * 200)..<((stretch + 1) * 200)] {
                    forecaster.add(sample)
                    _ = state.evaluate(sample, forecast: { forecaster.forecast($0) }, safeMoment: nil)
                }
            }
            each = min(each, elapsed / 200)
        }
        print("add + evaluate, one sample per \(milliseconds) ms: \(Double(Int(each.inSeconds * 1e8)) / 100) µs")
        #if DEBUG
            #expect(each < .milliseconds(1))
        #else
            #expect(each < .microseconds(5))
        #endif
    }
}
