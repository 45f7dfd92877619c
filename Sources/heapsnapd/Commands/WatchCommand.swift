import AgentProtocol
import ArgumentParser
import Capture
import Control
import Glibc
import Linux
import Node
import Units

struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch",
        abstract: "Show the memory of Node processes as it changes: the cgroup, the process, and V8's heap after each full collection.",
        discussion: """
            A table on a terminal, a line of JSON for each sample and event otherwise (or with --json). The heap needs the agent (heapsnapd run loads it). Ends with
            the process.

            Where the daemon runs it tells what it sees, and of its captures: with a pid or a service of one, without of all that it watches. Root and the group
            heapsnapd see all, others their own processes. What is not read in time is left out (a line of type dropped counts it).

            EXAMPLES
              heapsnapd watch                           all that the daemon watches
              heapsnapd watch 4711
              heapsnapd watch 4711 --interval 10s
              heapsnapd watch 4711 --json | jq 'select(.type == "leak")'

            EXIT STATUS
              0 the process ended, 4 no such process, 130 interrupted.
            """)

    @OptionGroup var options: GlobalOptions
    @Option(help: ArgumentHelp("Time between two samples.", valueName: "duration")) var interval = "1s"
    @OptionGroup var daemon: LoneOptions
    @Argument(help: ArgumentHelp("The Node process, or a service that the daemon watches; default: all.", valueName: "pid")) var target:
        ControlTarget?

    private var pause: Duration { Duration(text: interval) ?? .seconds(1) }

    func validate() throws {
        guard let time = Duration(text: interval), time >= .milliseconds(100) else {
            throw ValidationError("--interval: '\(interval)' is not a time of 100ms or more")
        }
    }

    func run() throws {
        let output = WatchOutput(isTable: !options.json && isatty(STDOUT_FILENO) == 1, ofMany: target == nil)
        try untilInterrupted { if try await !watchByDaemon(output) { try await watchAlone(output) } }
    }

    /// - Returns: whether there is one.
    private func watchByDaemon(_ output: WatchOutput) async throws -> Bool {
        try await daemon.ask(.watch(WatchRequest(target, interval: pause))) { reply in
            switch reply {
            case .event(let event): output.show(event)
            case .dropped(let count): output.dropped(count)
            default: break
            }
        } != nil
    }

    private func watchAlone(_ output: WatchOutput) async throws {
        guard case .process(let pid)? = target else {
            throw CommandFailure(
                .notFound, "cannot watch \(target.map { "\($0)" } ?? "all"): no daemon is asked; name a process, or start the daemon")
        }
        let table = ProcessTable()
        let process = try table.nodeProcess(pid)
        let heap = HeapSeen()
        let listening = Task {
            do {
                let connection = try await AgentConnection.open(to: process, as: .observer, table: table)
                if case .isolates(_, let isolates, _)? = try await connection.ask(.isolates()) { await heap.know(isolates) }
                _ = try await connection.ask(.subscribe(collections: true, leaks: true))
                for await event in connection.events {
                    await heap.take(event)
                    if let event = WatchEvent(event, of: pid, at: SystemClock.now()) { output.show(event) }
                }
            } catch let failure as AgentConnection.Failure { Terminal.printError("heapsnapd: without the heap: \(failure)") }
        }
        defer { listening.cancel() }
        let hierarchy = try MemoryHierarchy.of(process.identity.pid, in: table)
        while try table.identity(process.identity.pid) == process.identity, let statm = try table.statm(process.identity.pid),
            statm.rss > .zero
        {
            output.show(
                .sample(
                    WatchSample(
                        pid: pid, at: SystemClock.now(), rss: statm.rss, use: try hierarchy.flatMap { try workingSet($0.leaf) },
                        limit: try hierarchy?.effectiveLimit()?.limit, heap: await heap.latest)))
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
