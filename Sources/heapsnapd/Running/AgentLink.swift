import AgentProtocol
import Capture
import Linux
import Node
import SnapshotStore
import Units

/// The connection of a `run` to the agent of the process that it watches: for copies, for V8's own limit, for what the garbage collector says, and to be there
/// when V8 comes near its limit.
extension ServiceWatch {
    /// For as long as this process is the one watched. The agent listens from the first line of JavaScript on, some 50 ms after the start.
    func keepLinked(to process: NodeProcess) async {
        guard workplace.configuration.capture.copyAttempts > 0 else { return }
        var absences = 0
        while !Task.isCancelled, target?.process.identity == process.identity, !hasEnded {
            // `heapsnapd dump` beside us wants to be its controller.
            guard !isCapturedByAnother(process) else {
                try? await Task.sleep(for: .milliseconds(100))
                continue
            }
            do {
                let connection = try await AgentConnection.open(to: process, as: .controller, table: workplace.table)
                absences = 0
                await serve(connection, process)
                await connection.close()
                if agent?.connection === connection { agent = nil }
            } catch AgentConnection.Failure.noAgent {
                // Loaded it would have been by now.
                absences += 1
                if absences > 20 { return log.debug("no agent in process \(process.identity.pid)") }
            } catch { log.debug("\(service): \(error)") }
            try? await Task.sleep(for: .milliseconds(250))
        }
    }

    /// Until the connection ends.
    private func serve(_ connection: AgentConnection, _ process: NodeProcess) async {
        agent = (connection, process.identity)
        let missing = connection.hello.missing ?? []
        let lacks = missing.isEmpty ? "" : "; this node lacks \(missing.joined(separator: ", "))"
        log.info("\(service): agent \(connection.hello.agent) in process \(process.identity.pid)\(lacks)")
        if case .isolates(_, let isolates, _)? = try? await connection.ask(.isolates()) {
            if let main = isolates.first(where: \.main)?.heap { heapLimitIsKnown(ByteCount(main.heapSizeLimit), of: process) }
            for isolate in isolates {
                guard let hunt = isolate.exactIds else { continue }
                let until = Timestamp(secondsSinceEpoch: hunt.until)
                log.notice("\(service): isolate \(isolate.id) keeps object ids until \(until), and allocates 2 to 3 times slower (dump --exact-ids)")
            }
        }
        _ = try? await connection.ask(.subscribe(collections: false, leaks: true))
        let guarding = Task(executorPreference: BlockingWork.threads) { await self.guardHeapLimit(connection, process) }
        for await event in connection.events {
            if case .leak(let leak) = event { leaks(leak) }
        }
        guarding.cancel()
    }

    /// - Returns: nil without a link, and where JavaScript does not answer at once: what is asked for is needed now.
    func heapTold(of process: NodeProcess) async -> ByteCount? {
        guard let (connection, of) = agent, of == process.identity, let main = connection.hello.isolates.first(where: \.main)?.id else { return nil }
        return await withTaskGroup(of: ByteCount?.self) { group in
            group.addTask {
                guard case .isolates(_, let isolates, _)? = try? await connection.ask(.isolates(only: main)) else { return nil }
                return isolates.first?.heap.map { ByteCount($0.totalHeapSize) }
            }
            group.addTask {
                try? await Task.sleep(for: .milliseconds(100))
                return nil
            }
            defer { group.cancelAll() }
            return await group.next().flatMap(\.self)
        }
    }

    /// `dump` beside us takes its place, and gives it back.
    func unlink() async {
        guard let (connection, _) = agent else { return }
        agent = nil
        await connection.close()
    }

    private func leaks(_ leak: AgentLeak) {
        reportedLeak = "\(leak.reason), by \(ByteCount(leak.growth))"
        lookNow()
    }

    // MARK: V8's heap limit

    private func guardHeapLimit(_ connection: AgentConnection, _ process: NodeProcess) async {
        guard workplace.configuration.launch.nearHeapLimit > 0 else { return }
        failedLimitCopies = 0
        while !Task.isCancelled {
            do {
                if let rest = restAfterLimit, try await HeapLimitGuard.mask(on: connection) {
                    log.info("\(service): met V8's limit a moment ago; for \(rest.text) more its end leaves no snapshot (limits.cooldown)")
                    try await Task.sleep(for: rest)
                }
                let prepared = limitRequest(of: process)
                let request = { @Sendable [self] in
                    var request = prepared
                    request.growth = growthNow.withLock { $0 }
                    return request
                }
                guard let armed = try await HeapLimitGuard.arm(on: connection, site: workplace.site, request: request) else {
                    return log.info("\(service): its agent cannot guard V8's heap limit; Node's own snapshot remains")
                }
                guard await armed.isMet() else { return }
                let task = Task(executorPreference: BlockingWork.threads) { await self.takeGuarded(armed, process) }
                captures.unrequested["heap limit of \(process.identity.pid)"] = task
                await task.value
                // A thread of V8 that was awake at the fork makes a copy fail, and the limit is met again in a moment: once more (decision 0008).
                if failedLimitCopies == 1 { continue }
                // Node's own is the net then, and not to be masked.
                if limitMet == nil { try await Task.sleep(for: workplace.configuration.limits.cooldown) }
                failedLimitCopies = 0
            } catch { return log.debug("\(service): V8's heap limit is not guarded: \(error)") }
        }
    }

    private func limitRequest(of process: NodeProcess) -> CaptureRequest {
        var record = workplace.record(
            of: process, service: service, reason: "nearHeapLimit", detail: "V8 came near its heap limit", watched: target)
        record.requestedBy = "heapsnapd run"
        var request = workplace.request(record, of: process, directory: "/", signal: 0, growth: growth)
        request.heapBound = target?.heapLimit
        return request
    }

    /// A service that is started again and again, and meets its limit each time, is not to spend its host's processors on snapshots of it.
    /// - Returns: nil: none, or it is over.
    private var restAfterLimit: Duration? {
        limitMet.map { $0 + workplace.configuration.limits.cooldown - SystemClock.monotonic() }.flatMap { $0 > .zero ? $0 : nil }
    }

    private func takeGuarded(_ armed: HeapLimitGuard, _ process: NodeProcess) async {
        limitMet = SystemClock.monotonic()
        var request = limitRequest(of: process)
        // In place, as Node's own flag would have it, the service would have stood still for as long, and then ended.
        let cost = request.heapBound.map { workplace.site.predictedCost(heap: $0, version: process.version, owner: request.record.owner) }
        await host.captureBegan(patience: cost.map { min($0.pause * 3, .seconds(300)) })
        request.record.samples = .init(before: trajectory.recorded)
        log.notice("\(service): V8 came near its heap limit; its copy takes a snapshot")
        do {
            let outcome = try await armed.capture(request, report: report)
            failedLimitCopies = outcome.refusal?.code == .copyFailed ? failedLimitCopies + 1 : 0
            if outcome.refusal != nil { limitMet = nil }
            await conclude(outcome)
        } catch {
            (failedLimitCopies, limitMet) = (0, nil)
            log.error("\(service): cannot capture near the heap limit: \(error)")
        }
        captures.unrequested["heap limit of \(process.identity.pid)"] = nil
        await captureEnded()
    }
}
