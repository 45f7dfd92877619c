import Capture
import Testing
import Units

@Suite struct LoanTests {
    func loan(old: Int, new: Int, useBefore: Int, leftBehind: Int) -> Loan {
        let holder = ProcessIdentity(pid: ProcessID(1), startTime: 1, bootID: "b")
        var loan = Loan(
            id: "x", bootID: "b", holder: holder, target: holder, service: "s", cgroup: "/c", takenAt: Timestamp(milliseconds: 0), lender: "cgroup",
            useBefore: .mebibytes(useBefore), limits: [.init(path: "/c", inode: 1, version: .v1, old: .mebibytes(old), new: .mebibytes(new))])
        loan.leftBehind = .mebibytes(leftBehind)
        return loan
    }

    @Test func itEndsAtTheOldLimit() {
        let loan = loan(old: 512, new: 1_700, useBefore: 200, leftBehind: 0)
        #expect(loan.steps(use: .mebibytes(210), growth: .mebibytes(10), targetGone: false) == [.mebibytes(512)])
    }

    @Test func itNeverGoesBelowTheUseAndASecondOfGrowth() {
        let loan = loan(old: 512, new: 1_700, useBefore: 500, leftBehind: 0)
        #expect(loan.steps(use: .mebibytes(900), growth: .mebibytes(20), targetGone: false) == [.mebibytes(920)])
    }

    @Test func itNeverGoesUp() {
        let loan = loan(old: 512, new: 1_000, useBefore: 200, leftBehind: 0)
        #expect(loan.steps(use: .mebibytes(999), growth: .mebibytes(50), targetGone: false) == [.mebibytes(1_000)])
    }

    @Test func whatTheCaptureLeftBehindStaysLent() {
        let loan = loan(old: 512, new: 1_700, useBefore: 200, leftBehind: 600)
        #expect(loan.steps(use: .mebibytes(820), growth: .mebibytes(20), targetGone: false) == [.mebibytes(1_112)])
        // malloc gave some of it back after all
        #expect(loan.steps(use: .mebibytes(500), growth: .mebibytes(20), targetGone: false) == [.mebibytes(812)])
        #expect(loan.steps(use: .mebibytes(100), growth: .mebibytes(20), targetGone: true) == [.mebibytes(512)])
    }
}
