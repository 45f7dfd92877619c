import Testing

@testable import Control

struct ControlLimitsTests {
    private let limits = ControlLimits()

    @Test func oneUserHasSixteen() {
        #expect(limits.refusal(of: 1, others: Array(repeating: 1, count: 15)) == nil)
        #expect(limits.refusal(of: 1, others: Array(repeating: 1, count: 16)) == "user 1 has 16 connections already")
        #expect(limits.refusal(of: 0, others: Array(repeating: 0, count: 16)) != nil)
    }

    @Test func othersLeaveRoomForRoot() {
        let crowd = (1...48).map(UInt32.init)
        #expect(limits.refusal(of: 100, others: crowd.dropLast()) == nil)
        #expect(limits.refusal(of: 100, others: crowd) == "all 48 connections for others than root are taken")
        #expect(limits.refusal(of: 0, others: crowd + Array(repeating: 0, count: 15)) == nil)
        #expect(limits.refusal(of: 0, others: (1...64).map(UInt32.init)) == "all 64 connections are taken")
    }
}
