/// A flag that a launch would like to add, and what speaks against it.
struct LaunchFlag {
    var flag: String
    /// Nil: it is added.
    var objection: String?

    /// All flags of a launch, in the order in which they are added.
    static func wishes(options: LaunchOptions, user: NodeFlags, version: NodeVersion?, workingDirectory: String) -> [LaunchFlag] {
        let agent = agentWish(options.agent, user: user, version: version, workingDirectory: workingDirectory)
        guard options.handler == .node else { return [agent] }
        let directory = options.diagnosticDirectory

        /// - Parameters:
        ///   - userValue: what the user already set instead.
        ///   - isKnown: whether a version of Node takes the flag; one that it does not know makes it exit with status 9.
        func wish(_ flag: String, userValue: String?, isKnown: (NodeVersion) -> Bool, other: String? = nil) -> LaunchFlag {
            guard let version else { return LaunchFlag(flag: flag, objection: "the version of Node is unknown: no node was found in PATH") }
            guard isKnown(version) else { return LaunchFlag(flag: flag, objection: "Node \(version) does not know it") }
            return LaunchFlag(flag: flag, objection: userValue.map { "already set to \($0)" } ?? other)
        }

        // Where snapshots will go decides whether the permission model lets the signal's handler write them; the one near the
        // heap limit is written by C++ code, which does not ask (measured on 20, 22, 24, 26).
        let effective = absolutePath(user.diagnosticDir ?? directory, in: workingDirectory)
        let forbidden = user.mayWrite(in: effective) ? nil : "--permission does not allow writing to \(effective): its handler would end the service"

        var wishes = [
            wish(
                "--heapsnapshot-signal=\(options.signal)", userValue: user.heapSnapshotSignal, isKnown: \.hasHeapSnapshotSignal, other: forbidden),
            wish("--diagnostic-dir=\(directory)", userValue: user.diagnosticDir, isKnown: \.hasDiagnosticDir),
        ]
        if options.nearHeapLimit > 0 {
            let count = user.nearHeapLimit.map(String.init)
            wishes.append(wish("--heapsnapshot-near-heap-limit=\(options.nearHeapLimit)", userValue: count, isKnown: \.hasNearHeapLimit))
        }
        if options.reportOnFatalError {
            wishes += [
                wish("--report-on-fatalerror", userValue: user.reportOnFatalError ? "on" : nil, isKnown: \.hasReportOnFatalError),
                wish("--report-directory=\(directory)", userValue: user.reportDirectory, isKnown: \.hasReportOnFatalError),
            ]
        }
        return wishes + [agent]
    }

    /// The agent does not answer signals: it is wanted whoever does.
    private static func agentWish(_ agent: LaunchAgent, user: NodeFlags, version: NodeVersion?, workingDirectory: String) -> LaunchFlag {
        let required = agent.alreadyRequired(by: user, workingDirectory: workingDirectory).map { "already required as \($0)" }
        return LaunchFlag(flag: agent.flag, objection: required ?? agent.objection(user: user, version: version))
    }
}
