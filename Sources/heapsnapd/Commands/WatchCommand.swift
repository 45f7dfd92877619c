import AgentProtocol
import ArgumentParser
import Capture
import Glibc
import Linux
import Node
import SnapshotStore
import Supervisor
import Units

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show a Node process's memory as it changes: the cgroup, the process, and V8's heap after each full collection.",
        discussion: """
            A table on a terminal, a line of JSON for each sample and event otherwise (or with --json). The heap needs the agent (heapsnapd run loads it). Ends with
            the process.

            EXAMPLES
              heapsnapd watch 4711
              heapsnapd watch 4711 --interval 10s
              heapsnapd watch 4711 --json | jq 'select(.type == "leak")'

            EXIT STATUS
              0 the process ended, 4 no such process, 130 interrupted.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("Time between two samples.", valueName: "duration")) var interval = "1s"
    @Argument(help: "The Node process.") var pid: Int32

    func validate() throws {
        guard let time = Duration(text: interval), time >= .milliseconds(100) else {
            throw ValidationError("--interval: '\(interval)' is not a time of 100ms or more")
        }
    }

    func run() throws {
        let code = try withOwnSignals { signals in
            await interruptible(by: signals, endings: [SIGINT, SIGTERM, SIGHUP, SIGPIPE]) {
                try await watch()
                return 0
            }
        }
        if code != 0 { throw ExitCode(code) }
    }

    private func watch() async throws {
        let table = ProcessTable()
        let process = try table.nodeProcess(ProcessID(pid))
        let heap = HeapSeen()
        let output = WatchOutput(isTable: !options.json && isatty(STDOUT_FILENO) == 1, pid: process.identity.pid)
        let listening = Task {
            do {
                let connection = try await AgentConnection.open(to: process, as: .observer, table: table)
                if case .isolates(_, let isolates, _)? = try await connection.ask(.isolates()) { await heap.know(isolates) }
                _ = try await connection.ask(.subscribe(collections: true, leaks: true))
                for await event in connection.events {
                    await heap.take(event)
                    output.show(event)
                }
            } catch let failure as AgentConnection.Failure { Terminal.printError("heapsnapd: without the heap: \(failure)") }
        }
        defer { listening.cancel() }
        let hierarchy = try MemoryHierarchy.of(process.identity.pid, in: table)
        let pause = Duration(text: interval) ?? .seconds(1)
        while try table.identity(process.identity.pid) == process.identity, let statm = try table.statm(process.identity.pid),
            statm.rss > .zero
        {
            output.show(
                WatchSample(
                    pid: process.identity.pid, at: SystemClock.now(), rss: statm.rss, use: try hierarchy.flatMap { try workingSet($0.leaf) },
                    limit: try hierarchy?.effectiveLimit()?.limit, heap: await heap.latest))
            try await Task.sleep(for: pause)
        }
    }
}

/// What V8 said last of the main isolate.
private actor HeapSeen {
    private(set) var latest: WatchSample.Heap?

    func know(_ isolates: [AgentIsolate]) {
        guard let heap = isolates.first(where: \.main)?.heap else { return }
        latest = .init(used: ByteCount(heap.usedHeapSize), limit: ByteCount(heap.heapSizeLimit))
    }

    func take(_ event: AgentMessage) {
        guard case .collection(let collection) = event else { return }
        latest = .init(
            used: ByteCount(collection.usedHeapSize), limit: ByteCount(collection.heapSizeLimit), fullCollections: collection.stats.fullCollections,
            trend: collection.stats.usageTrend)
    }
}

/// One line of JSON, one row of the table.
private struct WatchSample: Encodable {
    struct Heap: Encodable {
        /// After the last full collection; at the start what is in use then.
        var used: ByteCount
        var limit: ByteCount
        var fullCollections: Int?
        var trend: Double?
    }

    let type = "sample"
    var pid: ProcessID
    var at: Timestamp
    var rss: ByteCount
    var use: ByteCount?
    var limit: ByteCount?
    var heap: Heap?
}

private struct WatchCollection: Encodable {
    let type = "gc"
    var pid: ProcessID
    var at: Timestamp
    var isolate: Int
    var duration: Double?
    var heapUsed: ByteCount
    var heapLimit: ByteCount
    /// In node-memwatch's words.
    var stats: [String: Double]
}

private struct WatchLeak: Encodable {
    let type = "leak"
    var pid: ProcessID
    var at: Timestamp
    var isolate: Int
    var start: Timestamp
    var end: Timestamp
    var growth: ByteCount
    var reason: String
}

/// Where a row or a line goes.
private struct WatchOutput: Sendable {
    let isTable: Bool
    let pid: ProcessID

    init(isTable: Bool, pid: ProcessID) {
        self.isTable = isTable
        self.pid = pid
        if isTable { Terminal.print(row("TIME", "RSS", "USE", "LIMIT", "HEAP", "V8 LIMIT", "FULL GCS", "TREND")) }
    }

    func show(_ sample: WatchSample) {
        guard isTable else { return line(sample) }
        Terminal.print(
            row(
                String("\(sample.at)".dropFirst(11).prefix(8)), "\(sample.rss)", sample.use?.description ?? "-", sample.limit?.description ?? "none",
                sample.heap?.used.description ?? "-", sample.heap?.limit.description ?? "-", sample.heap?.fullCollections?.description ?? "-",
                sample.heap?.trend?.description ?? "-"))
    }

    func show(_ event: AgentMessage) {
        let now = SystemClock.now()
        switch event {
        case .collection(let collection) where !isTable:
            let stats = collection.stats
            line(
                WatchCollection(
                    pid: pid, at: now, isolate: collection.isolate, duration: collection.duration, heapUsed: ByteCount(collection.usedHeapSize),
                    heapLimit: ByteCount(collection.heapSizeLimit),
                    stats: [
                        "num_full_gc": Double(stats.fullCollections), "num_inc_gc": Double(stats.incrementalCollections),
                        "heap_compactions": Double(stats.heapCompactions), "estimated_base": Double(stats.estimatedBase),
                        "current_base": Double(stats.currentBase), "min": Double(stats.min), "max": Double(stats.max),
                        "usage_trend": stats.usageTrend,
                    ]))
        case .leak(let leak) where isTable: Terminal.print("leak: isolate \(leak.isolate): \(leak.reason)")
        case .leak(let leak):
            line(
                WatchLeak(
                    pid: pid, at: now, isolate: leak.isolate, start: Timestamp(secondsSinceEpoch: leak.start),
                    end: Timestamp(secondsSinceEpoch: leak.end), growth: ByteCount(leak.growth), reason: leak.reason))
        default: break
        }
    }

    private func line(_ document: some Encodable) {
        guard let bytes = try? RecordCodec.encode(document, pretty: false) else { return }
        Terminal.print(String(decoding: bytes.dropLast(), as: UTF8.self))
    }

    private func row(_ cells: String...) -> String {
        cells.enumerated().map { index, cell in
            let padding = String(repeating: " ", count: max(0, (index == 0 ? 8 : 10) - cell.count))
            return index == 0 ? cell + padding : padding + cell
        }
        .joined(separator: "  ")
    }
}
