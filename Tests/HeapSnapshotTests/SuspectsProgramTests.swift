import Foundation
import HeapSnapshot
import Testing

/// A program below Tests/Support/programs/leaks, and what has to be said of it.
struct LeakProgram: Sendable, CustomStringConvertible {
    var name: String
    var kind: Suspect.Kind
    /// All of these have to be in the first suspect's sentence.
    var words: [String]
    /// The end of the place to look at: script and line.
    var place: String

    var description: String { name }

    static let closureChain = LeakProgram(
        name: "closure-chain", kind: .chain, words: ["each leakMethod's context holds the previous one through originLeakObject"],
        place: "closure-chain.js:15")

    static let others = [
        LeakProgram(name: "array-cache", kind: .collection, words: ["Array recentResults", "SearchResult"], place: "array-cache.js:14"),
        LeakProgram(name: "map-cache", kind: .collection, words: ["Map sessionCache", "Session"], place: "map-cache.js:14"),
        LeakProgram(
            name: "listeners", kind: .listeners, words: ["EventEmitter configuration", "event change", "onConfigurationChange()", "request"],
            place: "listeners.js:11"),
        LeakProgram(name: "timers", kind: .timers, words: ["Timeout", "pollStatus()", "request"], place: "timers.js:7"),
        LeakProgram(name: "promises", kind: .promises, words: ["waiting", "handleRequest()"], place: "promises.js:8"),
        LeakProgram(
            name: "async-local-storage", kind: .asyncContext, words: ["idleConnections", "Connection", "RequestStore"],
            place: "async-local-storage.js:22"),
        LeakProgram(
            name: "request-closures", kind: .closures, words: ["afterResponse", "logRequest()", "request (IncomingRequest)"],
            place: "request-closures.js:17"),
        LeakProgram(name: "buffers", kind: .buffers, words: ["uploadChunks", "Buffer"], place: "buffers.js:7"),
        LeakProgram(name: "duplicated-strings", kind: .duplicatedStrings, words: ["logLines", "5 texts"], place: "duplicated-strings.js:8"),
    ]
}

/// Real services in small: each leaks, or is mended, and is looked at as a user would.
@Suite struct SuspectsProgramTests {
    static let majors = [20, 22, 24, 26]
    static let otherMajors = ProcessInfo.processInfo.environment["HEAPSNAPD_TEST_FULL"] == "1" ? majors : [22]

    @Test(arguments: majors) func theClosureChainIsNamed(major: Int) throws { try leaks(.closureChain, major) }
    @Test(arguments: majors) func theMendedClosureChainIsNot(major: Int) throws { try isMended(.closureChain, major) }
    @Test(arguments: LeakProgram.others, otherMajors) func leaksAreNamed(program: LeakProgram, major: Int) throws { try leaks(program, major) }
    @Test(arguments: LeakProgram.others, otherMajors) func mendedProgramsAreNot(program: LeakProgram, major: Int) throws {
        try isMended(program, major)
    }

    /// 24 links and a few kilobytes: a chain of closures is told of whatever its size, from one snapshot, two and three.
    @Test(arguments: majors) func aShortChainOfClosuresIsNamed(major: Int) throws {
        let graphs = try run("closure-chain-short", "leaking", major)
        for some in [[graphs[2]], [graphs[0], graphs[2]], graphs] {
            let first = try #require(SnapshotGraph.suspects(in: some).first, "\(some.count) snapshots")
            #expect(first.kind == .chain && first.sentence.contains("each leakMethod's context holds the previous one"), "\(first.sentence)")
            #expect((22...24).contains(first.count), "\(first.sentence)")
        }
        let mended = try run("closure-chain-short", "mended", major)
        for some in [[mended[2]], [mended[0], mended[2]], mended] { #expect(SnapshotGraph.suspects(in: some).isEmpty) }
    }

    private func leaks(_ program: LeakProgram, _ major: Int) throws {
        let graphs = try run(program.name, "leaking", major)
        for (which, some) in [("one", [graphs[2]]), ("two", [graphs[0], graphs[2]]), ("three", graphs)] {
            let suspects = SnapshotGraph.suspects(in: some, comparableIds: true)
            guard let first = suspects.first else {
                Issue.record("\(program) on Node \(major), \(which): nothing is suspected")
                continue
            }
            #expect(first.kind == program.kind, "\(which): \(first.sentence)")
            for word in program.words { #expect(first.sentence.contains(word), "\(which): \(first.sentence)") }
            #expect(first.places.first.map { "\($0)".contains(program.place) } ?? false, "\(which): \(first.places)")
            #expect(first.bytes > 800_000 && first.share > 0.1 && first.share < 1 && first.count >= 700, "\(which): \(first.sentence)")
            #expect(first.path.count > 2 && first.confidence > (some.count > 1 ? 0.7 : 0.4), "\(which): \(first.confidence)")
            guard let growth = first.growth else {
                #expect(some.count == 1)
                continue
            }
            #expect(
                growth.steps == some.count - 1 && growth.bytes > 800_000 && growth.count >= 700 && UInt64(growth.bytes) <= first.bytes,
                "\(which): \(growth)")
            // What was there at the first snapshot still is: a tenth of the rounds of one half.
            #expect((growth.survivors ?? 0) >= 35, "\(which): \(growth)")
        }
    }

    private func isMended(_ program: LeakProgram, _ major: Int) throws {
        let graphs = try run(program.name, "mended", major)
        for some in [[graphs[2]], [graphs[0], graphs[2]], graphs] {
            let suspects = SnapshotGraph.suspects(in: some, comparableIds: true)
            #expect(suspects.isEmpty, "\(program) on Node \(major), \(some.count) snapshots: \(suspects.map(\.sentence))")
        }
    }

    /// After warm-up, half of the rounds, all of them.
    private func run(_ program: String, _ variant: String, _ major: Int, path: String = #filePath) throws -> [SnapshotGraph] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("heapsnapd-suspects-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let tests = URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try node(major))
        process.arguments = [
            "--expose-gc", tests.appendingPathComponent("Support/programs/leaks/\(program).js").path, variant, directory.path,
        ]
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "\(program) \(variant) on Node \(major)")
        return try ["1", "2", "3"].map { name in
            let bytes = try Data(contentsOf: directory.appendingPathComponent("\(name).heapsnapshot"))
            return SnapshotGraph(try SnapshotReader.read(.whole(bytes)))
        }
    }

    /// The binary of one major version. A missing one is a failure, not a skipped test.
    private func node(_ major: Int) throws -> String {
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        let roots = [ProcessInfo.processInfo.environment["HEAPSNAPD_NODES"], "\(home)/.cache/heapsnapd/nodes"].compactMap { $0 }
        for root in roots {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: root))?.sorted() ?? []
            where name == "\(major)" || name.hasPrefix("\(major).") {
                let path = "\(root)/\(name)/bin/node"
                if FileManager.default.isExecutableFile(atPath: path) { return path }
            }
        }
        throw Missing(file: "Node \(major) below $HEAPSNAPD_NODES or ~/.cache/heapsnapd/nodes; run Tests/Support/bin/fetch-node \(major)")
    }
}

extension ByteSource {
    /// Bytes that are all there.
    static func whole(_ bytes: some Sequence<UInt8>) -> ByteSource {
        let all = Array(bytes)
        var position = 0
        return ByteSource(size: all.count) { buffer in
            let count = min(buffer.count, all.count - position)
            all.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
            position += count
            return count
        }
    }
}
