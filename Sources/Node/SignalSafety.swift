import Linux

/// Why a signal must not be sent to a Node process.
public struct SignalObjection: Error, Sendable, Hashable, CustomStringConvertible {
    /// A closed list: the codes go into records and JSON.
    public enum Code: String, Sendable, Codable, CaseIterable {
        /// The version of Node is unknown or has no `--heapsnapshot-signal`.
        case version
        /// The process has no handler for the signal: the default action would end it, or nothing would happen.
        case notCaught
        /// Its flags cannot be read, so it cannot be known what its handler does.
        case flagsUnreadable
        /// Its flags do not ask for a snapshot on this signal: the handler is the application's own.
        case notAskedFor
        /// Its permission model forbids the file; the handler would throw and end it.
        case permission
    }
    public var code: Code
    /// A sentence without its subject: `it does not catch SIGUSR2, which would end it`.
    public var reason: String
    /// What can be done about it.
    public var advice: String

    public var description: String { "\(reason); \(advice)" }
}

/// May a signal that asks for a heap snapshot be sent? Facts of the process only; identity, space on disk and memory are asked elsewhere.
public enum SignalSafety {
    /// Nil: nothing speaks against it.
    /// - Parameter assumeAsked: take it as known that the handler is a snapshot's (`--assume-heapsnapshot-signal`, our launch record,
    ///   `--handler app`). The handler itself must be there whatever is assumed.
    public static func objection(to process: NodeProcess, signal: Int32, assumeAsked: Bool) -> SignalObjection? {
        let name = Signals.name(signal)
        // First of all: the kernel's own word on whether the default action, death, is off.
        guard process.caughtSignals.contains(signal) else {
            return SignalObjection(
                code: .notCaught, reason: "it has no handler for \(name), whose default action ends a process",
                advice: "start it with --heapsnapshot-signal=\(name), or wait until it has come up")
        }
        if !assumeAsked, let objection = unasked(process, signal: signal, name: name) { return objection }
        if let directory = snapshotDirectory(of: process), !process.flags.mayWrite(in: directory) {
            return SignalObjection(
                code: .permission, reason: "its permission model does not let it write to \(directory)",
                advice: "start it with --allow-fs-write=\(directory)")
        }
        return nil
    }

    private static func unasked(_ process: NodeProcess, signal: Int32, name: String) -> SignalObjection? {
        guard let version = process.version else {
            return SignalObjection(
                code: .version, reason: "its version of Node is unknown", advice: "use --assume-heapsnapshot-signal if it handles \(name)")
        }
        guard version.hasHeapSnapshotSignal else {
            return SignalObjection(code: .version, reason: "Node \(version) has no --heapsnapshot-signal", advice: "use Node 12 or later")
        }
        // A handler of this kind that is visible anywhere is enough: what cannot be read could only add to it.
        if let asked = process.flags.heapSnapshotSignal, Signals.number(asked) == signal { return nil }
        guard process.flagsKnown else {
            let what = process.argumentsKnown ? "its environment cannot be read" : "its command line was rewritten (process.title)"
            return SignalObjection(
                code: .flagsUnreadable, reason: "\(what), so it is unknown what its handler for \(name) does",
                advice: "use --assume-heapsnapshot-signal if it was started with --heapsnapshot-signal=\(name)")
        }
        let asked = process.flags.heapSnapshotSignal.map { "asks for snapshots on \($0) instead" } ?? "does not ask for snapshots on a signal"
        return SignalObjection(
            code: .notAskedFor, reason: "it \(asked), so its handler for \(name) is its own",
            advice: "start it with --heapsnapshot-signal=\(name), or use --assume-heapsnapshot-signal")
    }

    /// Where the file of a signal would go; nil where that cannot be known.
    static func snapshotDirectory(of process: NodeProcess) -> String? {
        guard let workingDirectory = process.workingDirectory else { return process.flags.diagnosticDir }
        guard let directory = process.flags.diagnosticDir, process.version?.honoursDiagnosticDir ?? true else { return workingDirectory }
        return absolutePath(directory, in: workingDirectory)
    }
}
