import ArgumentParser
import Dispatch
import Glibc

@main
struct Heapsnapd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heapsnapd",
        abstract: "Gets a heap snapshot out of a Node.js service that is about to die, without killing it.",
        discussion: """
            EXAMPLES
              heapsnapd run -- node server.js     start a service and capture before its memory runs out
              heapsnapd check 4711                what a snapshot of process 4711 would cost, without touching it
              heapsnapd dump 4711                 take one now, if that is safe
              heapsnapd list                      what was captured
              heapsnapd export latest             a file for Chrome DevTools

            EXIT STATUS
              0 done, 1 failed, 3 refused, 4 no such process or id, 5 the target died, 6 truncated or invalid, 64 usage.
              `run` exits as its command did: its status, 128+n after signal n, 126 and 127 when it cannot be started, 125 for a failure of our own.
            """,
        subcommands: [
            RunCommand.self, DumpCommand.self, CheckCommand.self, ListCommand.self, InfoCommand.self, ExportCommand.self, DeleteCommand.self,
            PruneCommand.self, ConfigCommand.self, VersionCommand.self, ReferenceCommand.self,
        ])

    /// The main thread only parses, blocks signals before another thread exists, and waits: Swift's own asynchronous main would hand it to
    /// dispatch_main, which unblocks all signals there, and a SIGTERM meant for the service would end us.
    static func main() {
        let command: any ParsableCommand
        do { command = try parseAsRoot() } catch { CommandFailure.exitAfterParsing(error) }
        if let command = command as? any SignalReceiving { command.blockSignals() }
        let done = DispatchSemaphore(value: 0)
        Task {
            Glibc.exit(await status(of: command))
        }
        done.wait()
    }

    private static func status(of command: any ParsableCommand) async -> Int32 {
        do {
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                var command = command
                try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            return failure.report()
        } catch let error as ExitCode {
            return error.rawValue
        } catch let error as CleanExit {
            exit(withError: error)
        } catch {
            return CommandFailure(error).report()
        }
    }
}

/// A command that gets its signals through a signalfd.
protocol SignalReceiving {
    func blockSignals()
}
