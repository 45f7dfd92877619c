import Capture
import Testing
import Units

@Suite struct ArtifactProgressTests {
    func observation(_ bytes: Int?, cpu: Double?, at: Double, closed: Bool = false) -> ArtifactProgress.Observation {
        .init(bytes: bytes.map { ByteCount($0) }, closed: closed, cpuTime: cpu.map { .seconds($0) }, at: .seconds(at))
    }

    @Test func theUsualWay() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        #expect(progress.observe(observation(nil, cpu: 1, at: 0.1)) == .requested)
        #expect(progress.observe(observation(0, cpu: 2, at: 1)) == .generating)
        #expect(progress.observe(observation(0, cpu: 30, at: 29)) == .generating)
        #expect(progress.observe(observation(1_000, cpu: 31, at: 30)) == .writing)
        #expect(progress.observe(observation(2_000, cpu: 32, at: 31, closed: true)) == .closed)
        #expect(progress.observe(observation(2_000, cpu: nil, at: 32)) == .closed)
    }

    @Test func aLongWalkOfTheHeapIsNoStall() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        for second in 1...300 {
            #expect(progress.observe(observation(0, cpu: Double(second), at: Double(second))) == .generating)
        }
    }

    @Test func aWalkThatNeverEndsIsAStall() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), longestWalk: .seconds(60), at: .zero)
        for second in 1...60 { #expect(progress.observe(observation(0, cpu: Double(second), at: Double(second))) == .generating) }
        #expect(progress.observe(observation(0, cpu: 61, at: 61)) == .stalled)
    }

    @Test func aStoppedProcessIsAStallOnlyAfterTheTimeout() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        _ = progress.observe(observation(0, cpu: 5, at: 1))
        #expect(progress.observe(observation(0, cpu: 5, at: 10.9)) == .generating)
        #expect(progress.observe(observation(0, cpu: 5, at: 11)) == .stalled)
    }

    @Test func aBusyProcessThatWritesNoMoreIsAStall() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        _ = progress.observe(observation(4_096, cpu: 5, at: 1))
        for second in 2...30 { #expect(progress.observe(observation(4_096, cpu: 5 + Double(second), at: Double(second))) == .writing) }
        #expect(progress.observe(observation(4_096, cpu: 60, at: 31)) == .stalled)
    }

    @Test func aBlockedEventLoopNeverComesToTheHandler() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        for second in 1...29 { #expect(progress.observe(observation(nil, cpu: Double(second), at: Double(second))) == .requested) }
        #expect(progress.observe(observation(nil, cpu: 30, at: 30)) == .stalled)
    }

    @Test func deathEndsIt() {
        var progress = ArtifactProgress(stallTimeout: .seconds(10), at: .zero)
        _ = progress.observe(observation(4_096, cpu: 5, at: 1))
        #expect(progress.observe(observation(4_096, cpu: nil, at: 2)) == .targetDied)
    }
}
