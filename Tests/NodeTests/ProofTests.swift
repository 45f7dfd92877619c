import Foundation
import Linux
import Testing

@testable import Node

/// Proofs with stand-ins for Node: scripts that note each time they are started.
@Suite struct ProofTests {
    private let scratch: Scratch
    private let trial: AgentTrial
    private let proof: AgentProof
    private var cacheFile: String { "\(scratch.path)/proofs" }

    init() throws {
        scratch = try Scratch()
        let node = try scratch.write("node", "#!/bin/sh\necho \"$@\" >> started\n. ./behaviour\n", mode: 0o755)
        _ = try scratch.write("behaviour", "exit 0\n")
        trial = AgentTrial(agent: try scratch.write("agent.node", "a"), node: node, directory: scratch.path)
        proof = AgentProof(cacheFile: "\(scratch.path)/proofs")
    }

    private func behave(_ text: String) throws { _ = try scratch.write("behaviour", text + "\n") }
    private var starts: Int {
        ((try? String(contentsOfFile: "\(scratch.path)/started", encoding: .utf8)) ?? "").split(separator: "\n").count
    }

    @Test func isRememberedUntilSomethingChanges() throws {
        #expect(proof.objection(to: trial) == nil && starts == 1)
        #expect(proof.objection(to: trial) == nil && starts == 1)
        #expect(AgentProof(cacheFile: cacheFile).objection(to: trial) == nil && starts == 1)
        var other = trial
        other.arguments = ["--expose-gc", "-e", "0"]
        #expect(proof.objection(to: other) == nil && starts == 2)
        other.environment["NODE_OPTIONS"] = "--trace-warnings"
        #expect(proof.objection(to: other) == nil && starts == 3)
        other.environment["INVOCATION_ID"] = "changes with every start"
        #expect(proof.objection(to: other) == nil && starts == 3)
        _ = try scratch.write("agent.node", "ab")
        #expect(proof.objection(to: trial) == nil && starts == 4)
        #expect(proof.objection(to: trial) == nil && starts == 4)
    }

    @Test func failuresAreSaidAndNotRemembered() throws {
        try behave("exit 9")
        #expect(proof.objection(to: trial)?.hasSuffix("exited with status 9") == true)
        try behave("kill -SEGV $$")
        #expect(proof.objection(to: trial)?.hasSuffix("ended by SIGSEGV") == true)
        try behave("exit 0")
        #expect(proof.objection(to: trial) == nil && starts == 3)
        #expect(scratch.files.contains("proofs"))
    }

    /// With whatever it has started: nobody else would end that.
    @Test func oneThatHangsIsKilled() throws {
        try behave("sleep 600 & echo $! > child; wait")
        let began = ContinuousClock.now
        #expect(proof.objection(to: trial)?.contains("had not ended after 2 s") == true)
        #expect((.seconds(2)...(.seconds(8))).contains(ContinuousClock.now - began))
        let child = try #require(Int32(String(contentsOfFile: "\(scratch.path)/child", encoding: .utf8).trimmingCharacters(in: .newlines)))
        // SIGKILL is sent when it returns; when the kernel has taken the process away nobody tells us, who are not its parent.
        func isRunning() -> Bool {
            guard let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8) else { return false }
            return !state.contains(") Z ")
        }
        let deadline = ContinuousClock.now + .seconds(5)
        while isRunning(), ContinuousClock.now < deadline { usleep(10_000) }
        #expect(!isRunning())
    }

    @Test func whatIsNotThereIsNotTried() throws {
        var other = trial
        other.agent = "\(scratch.path)/gone.node"
        #expect(proof.objection(to: other) == "\(scratch.path)/gone.node: No such file or directory")
        other.agent = scratch.path
        #expect(proof.objection(to: other) == "\(scratch.path) is not a file")
        #expect(starts == 0)
        other = trial
        other.node = "\(scratch.path)/gone"
        #expect(proof.objection(to: other)?.hasPrefix("it could not be tried: cannot start") == true)
    }

    /// What was proven counts for the file, not for the right to read it.
    @Test func rightsAreAskedEachTime() throws {
        #expect(proof.objection(to: trial) == nil)
        try FileManager.default.removeItem(atPath: trial.agent)
        #expect(proof.objection(to: trial) != nil && starts == 1)
    }

    @Test func anUnreadableCacheIsNone() throws {
        for garbage in ["\u{0}\u{1}garbage\n\n", String(repeating: "x", count: 100_000)] {
            _ = try scratch.write("proofs", garbage)
            let before = starts
            #expect(proof.objection(to: trial) == nil && starts == before + 1)
            #expect(proof.objection(to: trial) == nil && starts == before + 1)
        }
        try FileManager.default.removeItem(atPath: cacheFile)
        try FileManager.default.createDirectory(atPath: cacheFile, withIntermediateDirectories: false)
        #expect(proof.objection(to: trial) == nil && proof.objection(to: trial) == nil && starts == 4)
    }

    @Test func isBoundedAndOursAlone() throws {
        let cache = ProofCache(path: cacheFile)
        let keys = try (0..<40).map { number in
            var other = trial
            other.arguments = ["\(number)"]
            return try #require(ProofCache.Key(other))
        }
        keys.forEach(cache.add)
        #expect(keys.map(cache.contains) == Array(repeating: false, count: 8) + Array(repeating: true, count: 32))
        #expect(try FileManager.default.attributesOfItem(atPath: cacheFile)[.posixPermissions] as? Int == 0o600)
        let text = try String(contentsOfFile: cacheFile, encoding: .utf8)
        #expect(text.split(separator: "\n").count == 32 && !text.contains(scratch.path))
        #expect(ProofCache.Key(trial, uid: 1, gid: 0) != ProofCache.Key(trial, uid: 0, gid: 0))
    }
}

extension AgentTrial {
    fileprivate init(agent: String, node: String, directory: String) {
        self.init(
            agent: agent, node: node, nodeVersion: nil, arguments: ["-e", "0"], environment: ["PATH": "/usr/bin:/bin"], workingDirectory: directory)
    }
}
