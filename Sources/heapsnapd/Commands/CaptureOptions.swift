import ArgumentParser

/// What `dump` and `check` take beside the configuration.
struct CaptureOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Name of the service; default: unit, container, package.json or script.", valueName: "name")) var service: String?
    @Option(help: ArgumentHelp("The signal that its handler listens to.", valueName: "SIG")) var signal: String?
    @Option(help: ArgumentHelp("Who writes the snapshot: node, or app for a handler of the service's own.", valueName: "node|app")) var handler:
        String?
    @Option(
        name: .customLong("diagnostic-dir"),
        help: ArgumentHelp("Where the file will appear; default: as the process's own flags say.", valueName: "dir")) var artifactDirectory: String?
    @Option(help: ArgumentHelp("Longest stop of the service that is acceptable.", valueName: "duration")) var maxPause: String?
    @Option(help: ArgumentHelp("Which isolate: a worker's number, as check lists them; default: the main one.", valueName: "n")) var isolate: Int?
    @Flag(help: "Make no copy of the process: in place, by signal.") var noCopy = false
    @Flag(help: "Never raise a limit for the capture.") var noLend = false
    @Flag(help: "Capture although the predicted memory or pause do not fit. Never overrides the checks of the signal.") var acceptRisk = false
    @Flag(help: "The handler is known to take a snapshot, though the process's flags do not say so.") var assumeHeapsnapshotSignal = false

    /// Options that name a signal or a file: a daemon takes them from nobody.
    var isSpecific: Bool { service != nil || signal != nil || handler != nil || artifactDirectory != nil }

    var overrides: [(key: String, value: String?)] {
        [
            ("launch.signal", signal), ("launch.handler", handler), ("capture.maxPause", maxPause), ("capture.lend", noLend ? "false" : nil),
            ("capture.acceptRisk", acceptRisk ? "true" : nil), ("capture.copyAttempts", noCopy ? "0" : nil),
        ]
    }
}
