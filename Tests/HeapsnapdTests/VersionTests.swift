import Foundation
import Testing

@testable import heapsnapd

/// The version stands in VersionCommand; the Makefile and the package read it there.
@Suite struct VersionTests {
    private let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")

    @Test(arguments: [
        ("Sources/NodeAgent/Agent.h", #"agentVersion[] = "VERSION";"#), ("docs/man/heapsnapd.1", #""heapsnapd VERSION""#),
        ("docs/json.md", #"{"version": "VERSION"}"#),
    ])
    func others(path: String, line: String) throws {
        let text = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        #expect(text.contains(line.replacing("VERSION", with: VersionCommand.text)), "\(path)")
    }
}
