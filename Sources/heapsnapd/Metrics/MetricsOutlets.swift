import Glibc
import Linux
import Logging
import NIOCore
import SystemPackage

/// Where the daemon's metrics go, by its configuration: over HTTP, into a file, both, or nowhere, which costs nothing.
actor MetricsOutlets {
    /// Half of the pace at which Prometheus usually looks, half a minute.
    private static let pace = Duration.seconds(15)

    private let log: Logger
    private let loop: WatchLoop
    private let page: @Sendable () async -> String
    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    private var server: (address: MetricsAddress, server: MetricsServer)?
    private var textfile: String?
    private var timer: Scheduled<Void>?

    init(loop: WatchLoop, log: Logger, page: @escaping @Sendable () async -> String) {
        (self.loop, self.log, self.page) = (loop, log, page)
    }

    /// Now, and after each change. What cannot be served is said in the log, and no reason not to watch.
    func apply(_ configuration: Configuration.Metrics) async {
        if server?.address != configuration.listen { await listen(at: configuration.listen) }
        guard textfile != configuration.textfile else { return }
        timer?.cancel()
        if let textfile { SmallFile.remove(textfile) }
        textfile = configuration.textfile
        if textfile != nil { await write() }
    }

    /// A file of a daemon that is gone would say for ever what was.
    func close() async { await apply(.init()) }

    private func listen(at address: MetricsAddress?) async {
        await server?.server.close()
        server = nil
        guard let address else { return }
        do { server = (address, try await MetricsServer.start(on: address, group: loop.group, page: page)) } catch {
            log.error("cannot serve metrics at \(address): \(error)")
        }
    }

    private func write() async {
        guard let path = textfile else { return }
        let text = await page()
        let failure = await BlockingWork.run { () -> String? in
            do { try SmallFile.write(path, Array(text.utf8), mode: 0o644) } catch { return "\(error)" }
            return nil
        }
        if let failure { log.warning("cannot write metrics: \(failure)") }
        guard path == textfile else { return }
        timer = loop.wake(after: Self.pace) { self.assumeIsolated { $0.writeAgain() } }
    }

    private func writeAgain() { Task { await write() } }
}
