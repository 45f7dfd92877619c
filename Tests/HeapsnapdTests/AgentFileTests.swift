import Foundation
import Node
import Testing

@testable import heapsnapd

@Suite struct AgentFileTests {
    private func agent(_ text: String) throws -> Configuration.Launch.Agent {
        try Configuration.load(files: [], environment: [:], overrides: [("launch.agent", text)]).launch.agent
    }

    @Test func theKey() throws {
        #expect(try agent("auto") == .auto && agent("never") == .never && agent("/a b/c.node") == .file("/a b/c.node"))
        #expect(try Configuration.load(files: [], environment: ["HEAPSNAPD_LAUNCH_AGENT": "never"], overrides: []).launch.agent == .never)
        for wrong in ["", "c.node", "./c.node", "always"] {
            #expect(throws: ConfigurationError.self) { try agent(wrong) }
        }
        do { _ = try agent("x") } catch {
            #expect("\(error)" == "command line: cannot read launch.agent: 'x' does not fit; write auto, never or an absolute path")
        }
    }

    @Test func whereItIsLookedFor() {
        #expect(AgentFile.places(executable: "/usr/local/bin/heapsnapd") == ["/usr/local/lib/heapsnapd/heapsnapd-agent.node"])
        #expect(AgentFile.places(executable: "/bin/heapsnapd") == ["/lib/heapsnapd/heapsnapd-agent.node"])
        #expect(AgentFile.places(executable: "/heapsnapd") == ["/lib/heapsnapd/heapsnapd-agent.node"])
        // Somebody called agent may live there.
        #expect(AgentFile.places(executable: "/home/me/bin/heapsnapd") == ["/home/me/lib/heapsnapd/heapsnapd-agent.node"])
        for build in ["release", "x86_64-unknown-linux-gnu/release"] {
            #expect(AgentFile.places(executable: "/src/.build/\(build)/heapsnapd").last == "/src/.build/agent/heapsnapd-agent.node")
        }
    }

    @Test func whatIsWanted() throws {
        let root = NSTemporaryDirectory() + "heapsnapd-agent-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        let installed = root + "/lib/heapsnapd/heapsnapd-agent.node"
        let wanted = { AgentFile.wanted($0, executable: root + "/bin/heapsnapd") }
        #expect(wanted(.auto) == .absent(reason: "there is no \(installed); install it or set launch.agent"))
        try FileManager.default.createDirectory(atPath: root + "/lib/heapsnapd", withIntermediateDirectories: true)
        try Data().write(to: URL(fileURLWithPath: installed))
        #expect(wanted(.auto) == .injected(path: installed))
        #expect(wanted(.file("/gone")) == .injected(path: "/gone"), "the trial says what is wrong with it")
        #expect(wanted(.never) == .absent(reason: "launch.agent is never"))
    }
}
