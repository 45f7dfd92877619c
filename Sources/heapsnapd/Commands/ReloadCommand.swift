import ArgumentParser
import Control

struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have the daemon read its configuration anew.",
        discussion: """
            Where the configuration has an error the daemon says which, and goes on with the old one. For root and the group heapsnapd.

            EXAMPLES
              sudoedit /etc/heapsnapd/heapsnapd.yaml && heapsnapd reload

            EXIT STATUS
              0 done, 3 permission denied, 4 no daemon runs, 64 the configuration has an error.
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var daemon: DaemonOptions

    func run() throws {
        try untilInterrupted {
            guard try await daemon.ask(.reload, patience: .seconds(30)) != nil else {
                throw CommandFailure(.notFound, "cannot reload: no daemon runs; systemctl start heapsnapd")
            }
            if options.json { JSONOutput.print(["reloaded": true]) }
        }
    }
}
