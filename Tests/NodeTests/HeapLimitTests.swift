import Foundation
import Linux
import Testing
import Units

@testable import Node

@Suite struct HeapLimitTests {
    private static let host = ByteCount.kibibytes(24_684_096)

    /// Every line that was captured from a real Node in a real cgroup v1.
    @Test func agreesWithRealBinaries() throws {
        let lines = String(decoding: try fixture("heap-limits.txt"), as: UTF8.self).split(separator: "\n").filter { !$0.hasPrefix("#") }
        #expect(lines.count == 256)
        for line in lines {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            let version = try #require(NodeVersion(fields[0]))
            // Version 18 does not see the limit of its own cgroup.
            let limit: ByteCount? = ByteCount(fields[1])
            #expect((limit == nil) == (fields[1] == "none"))
            let seen = version.seesOwnCgroup ? limit : nil
            let flags = NodeFlags.parse(arguments: ["node"] + fields[2].split(separator: " ").map(String.init), nodeOptions: nil)
            let predicted = HeapLimit.predict(version: version, flags: flags, constrainedMemory: seen, hostMemory: Self.host)
            #expect(predicted == ByteCount(try #require(Int64(fields[3]))), "\(line)")
        }
    }

    @Test func saysNothingAboutVersionsNeverSeen() {
        #expect(HeapLimit.predict(version: NodeVersion(12, 22), flags: NodeFlags(), constrainedMemory: nil, hostMemory: Self.host) == nil)
    }

    @Test func resourceLimits() {
        let text = """
            Limit                     Soft Limit           Hard Limit           Units
            Max cpu time              unlimited            unlimited            seconds
            Max data size             2048000000           unlimited            bytes
            Max address space         %              unlimited            bytes
            """
        #expect(ConstrainedMemory.parse(limits: text.replacingOccurrences(of: "%", with: "unlimited")) == 2_048_000_000)
        #expect(ConstrainedMemory.parse(limits: text.replacingOccurrences(of: "%", with: "1048576")) == 1_048_576)
        #expect(ConstrainedMemory.parse(limits: "") == nil)
    }

    /// A limit on data: versions differ in whether they see it.
    @Test(arguments: majors) func liveResourceLimit(major: Int) throws {
        let program = "console.log(v8.getHeapStatistics().heap_size_limit); setInterval(() => {}, 1000)"
        let child = try Child(["/bin/sh", "-c", "ulimit -d 2000000; exec \(try node(major)) -e '\(program)'"])
        let actual = try #require(Int64(child.ready().trimmingCharacters(in: .whitespacesAndNewlines)))
        guard case .node(let process) = try NodeProcess.read(child.pid, table: ProcessTable()) else { throw MissingNode(major: major) }
        let predicted = HeapLimit.predict(
            version: try #require(process.version), flags: process.flags,
            constrainedMemory: try ConstrainedMemory.read(process, table: ProcessTable()), hostMemory: try ProcessTable().hostMemory().total)
        #expect(predicted == ByteCount(actual))
    }

    /// The whole way on this host: a process in a limited cgroup, read from outside, against what it says itself.
    @Test(arguments: majors, [256, 512, 1_024, 4_096, nil])
    func livePrediction(major: Int, mebibytes: Int?) throws {
        let table = ProcessTable()
        let own = try #require(try MemoryHierarchy.of(ProcessID(getpid()), in: table)?.leaf as? CgroupV1Memory)
        let cgroup = try CgroupV1Memory.create("heapsnapd-node-\(UUID().uuidString)", below: own)
        defer { _ = try? cgroup.remove() }
        try cgroup.setLimit(mebibytes.map { .mebibytes($0) })
        let program = "console.log(v8.getHeapStatistics().heap_size_limit); setInterval(() => {}, 1000)"
        let child = try Child(["/bin/sh", "-c", "echo $$ > \(cgroup.path)/cgroup.procs && exec \(try node(major)) -e '\(program)'"])
        let text = child.ready()
        let actual = try #require(Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)), "it said: \(text)")
        guard case .node(let process) = try NodeProcess.read(child.pid, table: table) else {
            Issue.record("not read as Node")
            return
        }
        let predicted = HeapLimit.predict(
            version: try #require(process.version), flags: process.flags,
            constrainedMemory: try ConstrainedMemory.read(process, table: table), hostMemory: try table.hostMemory().total)
        #expect(predicted == ByteCount(actual))
        kill(child.pid.rawValue, SIGKILL)
        child.process.waitUntilExit()
    }
}

@Suite struct SnapshotCostTests {
    /// The table of measurements that the prediction stands on: never below what was seen, and not wildly above.
    @Test(arguments: [
        (20, 127.4, 920.0, 6.64, 208.4), (22, 128.3, 868, 5.33, 212.3), (24, 128.6, 716, 3.9, 193.9), (20, 635, 4_567, 48.1, 1_081),
        (24, 636.7, 3_730, 27.6, 1_002),
        (20, 13.6, 100, 0.44, 20.9), (24, 14.8, 99, 0.28, 20.4),
    ])
    func coversWhatWasMeasured(major: Int, heap: Double, extra: Double, pause: Double, file: Double) {
        let cost = SnapshotCost.predict(
            heap: ByteCount(rounding: heap * 1e6), version: major == 20 ? NodeVersion(20, 20, 2) : NodeVersion(major), learned: nil)
        #expect(Double(cost.extra.bytes) / 1e6 >= extra && Double(cost.extra.bytes) / 1e6 < extra * 2)
        #expect(cost.pause.inSeconds >= pause && cost.pause.inSeconds < pause * 2)
        #expect(Double(cost.file.bytes) / 1e6 >= file && Double(cost.file.bytes) / 1e6 < file * 1.3)
    }

    /// Resident heap, extra memory, in MB: Tests/Support/programs/leak-objects.js, whose objects are the smallest (docs/decisions/0002).
    @Test(arguments: [(86, 545), (181, 1_620), (144, 1_080), (188, 1_709), (219, 1_580), (89, 638), (195, 1_833)])
    func coversTheResidentHeapOfSmallObjects(heap: Int, extra: Int) {
        let cost = SnapshotCost.predict(heap: ByteCount(heap * 1_000_000), version: NodeVersion(24), learned: nil)
        #expect(cost.extra >= ByteCount(extra * 1_000_000))
    }

    /// Resident heap in MB, processor seconds, on 20.18.0 with distinct strings.
    @Test(arguments: [(89, 5.3), (140, 23.3)]) func oldVersionsAreSlowWithStrings(heap: Int, pause: Double) {
        let cost = SnapshotCost.predict(heap: ByteCount(heap * 1_000_000), version: NodeVersion(20, 18, 0), learned: nil)
        #expect(cost.pause.inSeconds >= pause)
    }

    @Test func whatWasLearnedIsNotStretchedBeyondTheDefault() {
        let learned = { LearnedFactors(extraPerHeapByte: $0, pausePerHeapByte: 1e-8, bytesPerHeapByte: 1, heap: 100_000_000) }
        #expect(SnapshotCost.predict(heap: 100, version: nil, learned: learned(9)).extra == 1_000)
        #expect(SnapshotCost.predict(heap: 100, version: nil, learned: learned(12)).extra == 1_200)
    }

    @Test func learnedFactorsReplaceTheWorstCase() {
        let learned = LearnedFactors(extraPerHeapByte: 2, pausePerHeapByte: 1e-8, bytesPerHeapByte: 1, heap: 100_000_000)
        let cost = SnapshotCost.predict(heap: 200_000_000, version: nil, learned: learned)
        #expect(cost == SnapshotCost(extra: 600_000_000, pause: .seconds(2.5), file: 250_000_000))
    }

    @Test func whatASmallHeapTaughtLowersNothingForALargeOne() {
        let cheap = LearnedFactors(extraPerHeapByte: 1, pausePerHeapByte: 1e-9, bytesPerHeapByte: 1, heap: 5_000_000)
        let large = ByteCount(200_000_000)
        #expect(
            SnapshotCost.predict(heap: large, version: NodeVersion(20, 18, 0), learned: cheap)
                == SnapshotCost.predict(heap: large, version: NodeVersion(20, 18, 0), learned: nil))
        let dear = LearnedFactors(extraPerHeapByte: 12, pausePerHeapByte: 1e-6, bytesPerHeapByte: 2, heap: 5_000_000)
        #expect(SnapshotCost.predict(heap: large, version: nil, learned: dear).extra == large * 12)
    }
}
