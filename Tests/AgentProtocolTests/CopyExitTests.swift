import AgentProtocol
import Foundation
import Testing

/// One table in three places: the agent's header, its page, and here.
struct CopyExitTests {
    /// `    noSnapshot = 70,        // V8 gave no snapshot`
    private func header() throws -> [String: Int32] {
        let text = try String(contentsOf: packageRoot().appending(path: "Sources/NodeAgent/ExitCodes.h"), encoding: .utf8)
        var codes: [String: Int32] = [:]
        for line in text.split(separator: "\n") {
            guard let match = line.wholeMatch(of: /\s+(\w+) = (\d+),.*/) else { continue }
            codes[String(match.1)] = Int32(match.2)
        }
        return codes
    }

    /// `| 75 | had to wait for … | yes |`
    private func page() throws -> [Int32: Bool] {
        let text = try String(contentsOf: packageRoot().appending(path: "docs/agent-protocol.md"), encoding: .utf8)
        var retries: [Int32: Bool] = [:]
        for line in text.split(separator: "\n") {
            guard let match = line.wholeMatch(of: /\| (\d+) \|.*\| ?(\w*) \|/), let code = Int32(match.1) else { continue }
            retries[code] = match.2 == "yes"
        }
        return retries
    }

    @Test func isTheAgentsTable() throws {
        #expect(try header() == Dictionary(uniqueKeysWithValues: CopyExit.allCases.map { ("\($0)", $0.rawValue) }))
    }

    @Test func isTriedAgainWhereThePageSaysSo() throws {
        #expect(try page() == Dictionary(uniqueKeysWithValues: CopyExit.allCases.map { ($0.rawValue, $0.isWorthARetry) }))
    }

    @Test func everyEndHasItsReason() {
        #expect(Set(CopyExit.allCases.map(\.reason)).count == CopyExit.allCases.count)
    }
}
