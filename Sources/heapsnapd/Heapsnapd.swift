import ArgumentParser
import Glibc
import Supervisor

@main
struct Heapsnapd: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "heapsnapd",
        abstract: "Gets a heap snapshot out of a Node.js service that is about to die, without killing it.",
        discussion: """
            EXAMPLES
              heapsnapd run -- node server.js     start a service and capture before its memory runs out
              heapsnapd status                    what the daemon watches
              heapsnapd check 4711                what a snapshot of process 4711 would cost, without touching it
              heapsnapd dump 4711                 take one now, if that is safe
              heapsnapd watch 4711                its memory and its heap, live
              heapsnapd list                      what was captured
              heapsnapd summary latest            what the newest snapshot holds
              heapsnapd export latest             a file for Chrome DevTools

            EXIT STATUS
              0 done, 1 failed, 3 refused, 4 no such process or id, 5 the target died, 6 truncated or invalid, 64 usage.
              `run` exits as its command did: its status, 128+n after signal n, 126 and 127 when it cannot be started, 125 for a failure of our own.
            """,
        subcommands: [
            RunCommand.self, StatusCommand.self, ReloadCommand.self, DumpCommand.self, CheckCommand.self, WatchCommand.self, ListCommand.self,
            InfoCommand.self, ExportCommand.self,
            DeleteCommand.self, PruneCommand.self, SummaryCommand.self, StatisticsCommand.self, ObjectsCommand.self,
            RetainersCommand.self, DominatorsCommand.self, ContainmentCommand.self, StringsCommand.self, DiffCommand.self, SuspectsCommand.self,
            ReportCommand.self,
            AnalyzeCommand.self,
            PrekillCommand.self, DaemonCommand.self, ConfigCommand.self, VersionCommand.self,
        ])

    /// Synchronous, as all commands are: an asynchronous main ends in dispatch_main, which unblocks all signals of the main thread (see
    /// `withOwnSignals`).
    static func main() {
        occupyStandardDescriptors()
        var command: any ParsableCommand
        do { command = try parseAsRoot() } catch { CommandFailure.exitAfterParsing(error) }
        do { try command.run() } catch let code as ExitCode { Glibc.exit(code.rawValue) } catch let error as CommandFailure {
            Glibc.exit(error.report())
        } catch  where error is ValidationError || exitCode(for: error).isSuccess { CommandFailure.exitAfterParsing(error) } catch {
            Glibc.exit(CommandFailure(error).report())
        }
    }
}
