import Foundation
import Testing

@testable import AgentProtocol

/// The same files are read by the tests of the agent (Tests/NodeAgentTests): where one side changes a message, the other side's test fails.
struct GoldenMessageTests {
    private static let stats = AgentStatistics.Stats(
        fullCollections: 12, incrementalCollections: 130, heapCompactions: 12, estimatedBase: 4_712_001, currentBase: 4_801_232, min: 4_612_200,
        max: 4_801_232, usageTrend: -0.4)

    /// What heapsnapd reads of each.
    private static let heap = AgentIsolate.Heap(
        totalHeapSize: 58_667_008, usedHeapSize: 34_973_248, heapSizeLimit: 4_496_293_888, totalPhysicalSize: 45_260_800,
        totalAvailableSize: 4_458_201_448, externalMemory: 1_593_701, mallocedMemory: 163_928, peakMallocedMemory: 316_232, nativeContexts: 1,
        detachedContexts: 0)
    private static let hunt = AgentHunt(since: 1_795_233_600.123456, until: 1_795_234_200.123456)

    private static let fromAgent: [String: AgentMessage] = [
        "hello": .hello(
            AgentHello(
                protocol: 2, agent: "0.1.0", node: "v24.19.0", pid: 26_218, startTime: 1_333_444, missing: ["v8::HeapProfiler::ClearObjectIds"],
                isolates: [AgentIsolate(id: 0, main: true, threadId: 26_218), AgentIsolate(id: 3, main: false, threadId: 26_240)])),
        "busy": .busy,
        "error": .error(code: "invalid", message: "not a JSON object of this protocol"),
        "failed": .failed(id: 1, code: "notInterruptible", message: "neither an interrupt nor the event loop reached the isolate in time"),
        "failed-near-limit": .failed(id: 5, code: "forkFailed", message: "Resource temporarily unavailable"),
        "failed-observer": .failed(
            id: 1, code: "observer", message: "only the controller may ask for more than isolates, statistics and subscribe"),
        "forked": .forked(
            id: 1,
            AgentFork(
                isolate: 0, reason: "request", settled: 0.000066, declined: 0, childPid: 26_231, pause: 0.001635, waited: 0.000023,
                mappings: 0.000207, fork: 0.001404, runningThreads: 0, minorFaults: 13_643, wokenBy: "loop")),
        "forked-exact": .forked(
            id: 1,
            AgentFork(
                isolate: 0, reason: "request", settled: 0.000066, declined: 0, childPid: 26_231, pause: 0.201635, waited: 0.000023,
                mappings: 0.000207, fork: 0.001404, runningThreads: 0, minorFaults: 13_643, wokenBy: "loop", numbering: 0.199873, exactIds: hunt)),
        "forked-near-limit": .forked(
            id: 5,
            AgentFork(
                isolate: 0, reason: "nearHeapLimit", childPid: 26_231, pause: 0.011635, waited: 0.000523, mappings: 0.000207, fork: 0.010404,
                runningThreads: 0, minorFaults: 33_643, wokenBy: "limit", heapLimit: 54_525_952, raisedTo: 104_857_600, marked: false, attempt: 1)),
        "ended": .ended(
            id: 1,
            AgentEnd(
                childPid: 26_231, exitCode: 0, duration: 1.005658, minorFaults: 22, childPeakResident: 588_943_360, childProcessorTime: 0.990433)),
        "ended-signal": .ended(
            id: 1,
            AgentEnd(
                childPid: 26_231, signal: 11, duration: 0.105658, minorFaults: 22, childPeakResident: 58_894_336, childProcessorTime: 0.010433)),
        "isolates": .isolates(
            id: 2,
            [
                AgentIsolate(id: 0, main: true, threadId: 26_218, heap: heap),
                AgentIsolate(id: 3, main: false, threadId: 26_240, notInterruptible: true),
            ],
            more: 0),
        "isolates-exact": .isolates(
            id: 2,
            [
                AgentIsolate(id: 0, main: true, threadId: 26_218, heap: heap, exactIds: hunt),
                AgentIsolate(id: 3, main: false, threadId: 26_240, notInterruptible: true),
            ], more: 0),
        "isolates-more": .isolates(id: 2, [AgentIsolate(id: 0, main: true, threadId: 26_218, notInterruptible: true)], more: 27),
        "statistics": .statistics(
            id: 3,
            [
                AgentStatistics(
                    isolate: 0,
                    stats: .init(
                        fullCollections: 12, incrementalCollections: 130, heapCompactions: 12, estimatedBase: 4_712_001, currentBase: 4_801_232,
                        min: 4_612_200, max: 4_801_232, usageTrend: 1.9))
            ]),
        "subscribed": .done(id: 4, type: "subscribed"),
        "controls": .done(id: 9, type: "controls"),
        "armed": .done(id: 5, type: "armed"),
        "disarmed": .done(id: 6, type: "disarmed"),
        "masked": .done(id: 9, type: "masked"),
        "cancelled": .done(id: 7, type: "cancelled"),
        "forgotten": .done(id: 8, type: "forgotten"),
        "gc": .collection(
            AgentCollection(
                isolate: 0, time: 1_795_233_600.123456, duration: 0.004213, usedHeapSize: 4_801_232, heapSizeLimit: 4_496_293_888, stats: stats)),
        "leak": .leak(
            AgentLeak(
                isolate: 0, start: 1_795_233_590.000001, end: 1_795_233_600.123456, growth: 18_874_368,
                reason: "heap growth over 5 consecutive GCs (10s) - 6400.00 mb/hr")),
    ]

    private static let fromCopy: [String: CopyMessage] = [
        "copy-ready": .ready,
        "copy-phase": .phase("marking"),
        "copy-progress-walking": .progress(phase: "walking", done: 120_000, total: 653_583),
        "copy-progress-writing": .progress(phase: "writing", done: 35_651_359, total: nil),
        "copy-done": .done(bytes: 49_266_342),
    ]

    private static let toAgent: [String: (id: Int, request: AgentRequest)] = [
        "request-capture": (1, .capture(isolate: 0, timeout: 2)),
        "request-capture-exact": (1, .capture(isolate: 0, timeout: 2, exactIds: 600)),
        "request-control": (9, .control),
        "request-isolates": (2, .isolates()),
        "request-statistics": (3, .statistics),
        "request-subscribe": (4, .subscribe(collections: true, leaks: true)),
        "request-arm": (5, .arm(isolate: 0)),
        "request-disarm": (6, .disarm(guardID: 5)),
        "request-cancel": (7, .cancel(capture: 1)),
        "request-mask": (9, .mask),
        "request-forgetIds": (8, .forgetIds(isolate: nil)),
    ]

    /// A message that is added to the agent has to be added here.
    @Test func everyFileIsKnown() throws {
        let known = Set(Self.fromAgent.keys).union(Self.fromCopy.keys).union(Self.toAgent.keys).union(["copy-go"])
        #expect(try goldenNames() == known)
    }

    @Test(arguments: fromAgent.keys.sorted())
    func fromTheAgent(name: String) throws { #expect(try AgentMessage.decode(golden(name)) == Self.fromAgent[name]) }

    @Test(arguments: fromCopy.keys.sorted())
    func fromACopy(name: String) throws { #expect(try CopyMessage.decode(golden(name)) == Self.fromCopy[name]) }

    @Test(arguments: toAgent.keys.sorted())
    func toTheAgent(name: String) throws {
        let (id, request) = try #require(Self.toAgent[name])
        #expect(try unframed(request.encoded(id: id)) == JSON(golden(name)))
    }

    @Test func toACopy() throws { #expect(try unframed(CopyRequest.go()) == JSON(golden("copy-go"))) }

    /// What has a default in the agent may be left out, and what was asked for may not.
    @Test func whatARequestLeavesOut() throws {
        #expect(
            try unframed(AgentRequest.arm(isolate: nil).encoded(id: 1))
                == .object(["type": .text("arm"), "id": .number(1), "kind": .text("nearHeapLimit")]))
        #expect(
            try unframed(AgentRequest.capture(isolate: 3, timeout: 0.5, exactIds: 60).encoded(id: 9))
                == .object(["type": .text("capture"), "id": .number(9), "isolate": .number(3), "timeout": .number(0.5), "exactIds": .number(60)]))
        #expect(
            try unframed(AgentRequest.subscribe(collections: false, leaks: true).encoded(id: 2))
                == .object(["type": .text("subscribe"), "id": .number(2), "events": .list([.text("leak")])]))
        #expect(
            try unframed(AgentRequest.subscribe(collections: false, leaks: false).encoded(id: 2))
                == .object(["type": .text("subscribe"), "id": .number(2), "events": .list([])]), "no member would leave the old subscription")
        #expect(
            try unframed(AgentRequest.forgetIds(isolate: 3).encoded(id: 2))
                == .object(["type": .text("forgetIds"), "id": .number(2), "isolate": .number(3)]))
        #expect(
            try unframed(AgentRequest.isolates(only: 3).encoded(id: 2))
                == .object(["type": .text("isolates"), "id": .number(2), "isolate": .number(3)]))
    }

    /// The number by which an answer finds who asked.
    @Test func answersCarryTheirNumber() throws {
        let withoutNumber: Set = ["hello", "busy", "error", "gc", "leak"]
        for (name, message) in Self.fromAgent {
            guard case .object(let members) = try JSON(golden(name)) else { throw NotAnObject() }
            #expect(message.id.map { JSON.number(Double($0)) } == members["id"], "\(name)")
            #expect((message.id == nil) == withoutNumber.contains(name), "\(name)")
        }
    }

    private struct NotAnObject: Error {}

    private func unframed(_ bytes: [UInt8]) throws -> JSON {
        var decoder = FrameDecoder()
        let messages = try decoder.append(bytes)
        #expect(messages.count == 1)
        return try JSON(try #require(messages.first))
    }
}
