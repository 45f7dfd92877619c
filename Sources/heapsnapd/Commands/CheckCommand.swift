import ArgumentParser
import Capture
import Linux
import Node
import Supervisor
import Units

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say what a snapshot of a process would cost, and whether it is allowed now. Touches nothing.",
        discussion: """
            EXAMPLES
              heapsnapd check 4711
              heapsnapd check 4711 --json | jq .rungs

            EXIT STATUS
              0 a snapshot would be allowed, 3 it would be refused, 4 no such process.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var capture: CaptureOptions
    @Argument(help: "The Node process.") var pid: Int32

    func run() throws {
        try untilInterrupted {
            let code = try await check()
            if code != 0 { throw ExitCode(code) }
        }
    }

    private func check() async throws -> Int32 {
        let workplace = try Workplace.open(options, capture.overrides)
        let process = try workplace.nodeProcess(ProcessID(pid))
        let service = workplace.serviceName(of: process, explicit: capture.service)
        guard let signal = Signals.number(workplace.configuration.launch.signal) else {
            throw ValidationError("unknown signal \(workplace.configuration.launch.signal)")
        }
        let directory = capture.artifactDirectory ?? process.snapshotDirectory.map { process.hostPath($0, table: workplace.table) } ?? ""
        let request = workplace.request(
            workplace.record(of: process, service: service, reason: "check"), of: process, directory: directory, signal: signal, growth: .zero,
            assumesHandler: capture.assumeHeapsnapshotSignal)
        guard let facts = try workplace.site.facts(for: request) else { throw CommandFailure(.notFound, "no process \(pid)") }
        let decision = request.admission.decide(facts)
        let agent = workplace.agent(of: process, as: .observer, isolate: capture.isolate)
        let copy = try await CaptureLadder(site: workplace.site).foresee(request, agent: agent)
        let check = Check(
            process: process, service: service, facts: facts, heapLimit: workplace.heapLimit(of: process), copy: copy, decision: decision,
            loans: workplace.site.loans.open())
        options.json ? JSONOutput.print(check) : Terminal.print(check.text)
        return check.rungs.contains(where: \.allowed) ? 0 : CommandFailure.Code.refused.rawValue
    }
}

/// What `check` says of each rung, from the top of the ladder.
private struct Check: Encodable {
    struct Rung: Encodable {
        var rung: String
        var allowed: Bool
        var refusal: RefusalText?
        /// Memory on top of the use; the stop in seconds; the limit that would be lent.
        var extra: ByteCount?
        var pause: Double?
        var peak: ByteCount?
        var fileBytes: ByteCount?
        var raisedLimit: ByteCount?
    }
    struct RefusalText: Encodable {
        var code: String
        var message: String
    }

    struct Isolate: Encodable {
        var id: Int
        var main: Bool
        /// v8.getHeapStatistics(); nil where it could not be reached within 2 s.
        var heapUsed: ByteCount?
        var heapTotal: ByteCount?
        var heapLimit: ByteCount?
        /// While it keeps object ids (dump --exact-ids).
        var exactIdsUntil: Timestamp?
    }

    var pid: ProcessID
    var service: String
    var nodeVersion: String?
    var heap: ByteCount?
    var heapLimit: ByteCount?
    var use: ByteCount
    var limit: ByteCount?
    var hostAvailable: ByteCount
    var directory: String
    var rungs: [Rung]
    var isolates: [Isolate]
    /// Isolates that did not fit into the agent's list.
    var moreIsolates: Int
    var loans: [Loan]

    init(
        process: NodeProcess, service: String, facts: AdmissionFacts, heapLimit: ByteCount?, copy: CaptureLadder.Foreseen,
        decision: Result<Admission.Plan, Refusal>, loans: [Loan]
    ) {
        pid = process.identity.pid
        self.service = service
        nodeVersion = process.version?.description
        isolates = copy.isolates.map { isolate in
            Isolate(
                id: isolate.id, main: isolate.main, heapUsed: isolate.heap.map { ByteCount($0.usedHeapSize) },
                heapTotal: isolate.heap.map { ByteCount($0.totalHeapSize) }, heapLimit: isolate.heap.map { ByteCount($0.heapSizeLimit) },
                exactIdsUntil: isolate.exactIds.map { Timestamp(secondsSinceEpoch: $0.until) })
        }
        moreIsolates = copy.moreIsolates
        heap = facts.cost?.heap ?? copy.facts?.cost?.heap
        self.heapLimit = isolates.first(where: \.main)?.heapLimit ?? heapLimit
        use = facts.use
        limit = facts.limit
        hostAvailable = facts.hostAvailable
        directory = facts.directory
        self.loans = loans
        var rung = Rung(
            rung: "signal", allowed: false, extra: facts.cost?.extra, pause: facts.cost?.pause.inSeconds,
            peak: facts.cost.map { facts.use + $0.extra }, fileBytes: facts.cost?.file)
        switch decision {
        case .success(let plan):
            rung.allowed = true
            rung.raisedLimit = plan.raisedLimit
        case .failure(let refusal): rung.refusal = RefusalText(code: refusal.code.rawValue, message: refusal.message)
        }
        var above = Rung(
            rung: "copyOnWrite", allowed: false, extra: copy.facts?.cost?.extra, peak: copy.facts?.cost.map { $0.extra },
            fileBytes: copy.facts?.cost?.file)
        switch copy.decision {
        case .success(let plan):
            above.allowed = true
            above.raisedLimit = plan.raisedLimit
        case .failure(let refusal): above.refusal = RefusalText(code: refusal.code.rawValue, message: refusal.message)
        }
        rungs = [above, rung]
    }

    var text: String {
        var lines = [
            "process    \(pid), service \(service), Node \(nodeVersion ?? "of unknown version")",
            "memory     \(use) of \(limit?.description ?? "no limit"), \(hostAvailable) available on the host",
            "heap       \(heap.map { "about \($0)" } ?? "unknown")" + (heapLimit.map { ", V8's limit is \($0)" } ?? ""),
            "directory  \(directory)",
        ]
        for rung in rungs {
            // Of a copy the peak is its own, beside the service.
            let stop = rung.rung == "copyOnWrite" ? "milliseconds" : rung.pause.map { Duration(inSeconds: $0).text } ?? "?"
            let verdict =
                rung.refusal.map { "refused: \($0.message) [\($0.code)]" }
                ?? (rung.raisedLimit.map { "allowed, with the limit raised to \($0)" } ?? "allowed")
            lines.append(
                "\(rung.rung.padding(to: 12))peak \(rung.peak?.description ?? "?"), stop \(stop), file \(rung.fileBytes?.description ?? "?")")
            lines.append("           \(verdict)")
        }
        for isolate in isolates {
            let heap = isolate.heapUsed.map { "\($0) of \(isolate.heapLimit?.description ?? "?")" } ?? "not reached within 2 s"
            let hunt = isolate.exactIdsUntil.map { ", keeps object ids until \($0), and allocates slower" } ?? ""
            lines.append("isolate    \(isolate.id)\(isolate.main ? " (main)" : ""): heap \(heap)\(hunt)")
        }
        if moreIsolates > 0 { lines.append("           and \(moreIsolates) more isolates") }
        for loan in loans { lines.append("loan       " + loan.text) }
        return lines.joined(separator: "\n")
    }
}

extension String {
    fileprivate func padding(to width: Int) -> String { self + String(repeating: " ", count: max(1, width - count)) }
}

extension Loan {
    /// One line for people.
    var text: String {
        let limits = limits.map { "\($0.path) at \($0.new) instead of \($0.old)" }.joined(separator: ", ")
        return "\(limits), for \(service) (process \(target.pid)), since \(takenAt)"
    }
}
