import ArgumentParser
import Control
import Foundation
import Linux
import Logging
import Supervisor
import Systemd
import Units

struct DaemonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "daemon", abstract: "Watch all Node services of this host, and capture each before it dies.",
        discussion: """
            Finds Node processes as they come and go, and watches those that a rule of the configuration is for (the default rule is for all). Starts, stops
            and owns none of them; what runs below heapsnapd run is left to that. One per host. Usually a unit: systemctl enable --now heapsnapd

            SIGHUP reads the configuration anew; where it has an error the old one stays. SIGTERM ends it, after the captures under way (capture.grace).

            EXAMPLES
              heapsnapd daemon
              heapsnapd daemon --config-file ./heapsnapd.yaml

            EXIT STATUS
              0 ended by a signal, 1 failed, 64 an error in the configuration.
            """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        useOneHeap()
        let activation = Activation.take()
        let workplace = try Workplace.open(options)
        let lock: FileLock
        try SmallFile.makePrivateDirectory(workplace.site.runtimeDirectory)
        guard let held = try FileLock.tryAcquire(workplace.site.runtimeDirectory + "/daemon.lock", note: "\(getpid())") else {
            throw CommandFailure(.failed, "cannot start: another heapsnapd daemon runs on this host; see heapsnapd status")
        }
        lock = held
        let code = try withOwnSignals { [options] signals in
            let log = Logger.ofProgram(level: workplace.configuration.log.level)
            if let obstacle = activation.obstacle { log.warning("without what systemd has handed over: \(obstacle)") }
            let daemon = Daemon(workplace, reopen: { try Workplace.open(options) }, readiness: Readiness(activation, log: log), log: log)
            do {
                let passed = activation.descriptors.first { $0.name == "control" }
                let socket =
                    try passed.map { ListeningSocket(passedOn: $0.descriptor.descriptor.rawValue) }
                    ?? ListeningSocket.bind(workplace.site.runtimeDirectory + "/control.sock")
                let server = try await ControlServer.start(
                    on: socket, group: WatchLoop.shared.group, permission: .ofThisProcess(), handler: DaemonControl(daemon: daemon))
                await daemon.run(signals)
                await server.close()
                withExtendedLifetime(activation) {}
                return 0
            } catch { return CommandFailure(error).report() }
        }
        withExtendedLifetime(lock) {}
        throw ExitCode(code)
    }
}
