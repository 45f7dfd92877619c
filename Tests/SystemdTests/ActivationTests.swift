import Glibc
import SystemPackage
import Systemd
import Testing

/// In processes of their own: the environment and descriptor 3 are a whole process's.
@Suite struct ActivationTests {
    @Test func taken() async {
        await #expect(processExitsWith: .success) {
            var pair: [Int32] = [-1, -1]
            socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair)
            let sockets = pair.map { fcntl($0, F_DUPFD, 20) }
            dup2(sockets[0], 3)
            dup2(sockets[1], 4)
            let environment = [
                "NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "\(getpid())", "LISTEN_PID": "\(getpid())", "LISTEN_FDS": "2",
                "LISTEN_FDNAMES": "control:capture",
            ]
            for (name, value) in environment { setenv(name, value, 1) }
            let activation = Activation.take()
            let right =
                activation.notification != nil && activation.watchdogInterval == .seconds(30) && activation.obstacle == nil
                && activation.descriptors.map(\.name) == ["control", "capture"]
                && activation.descriptors.map(\.descriptor.descriptor.rawValue) == [3, 4]
                && fcntl(3, F_GETFD) & FD_CLOEXEC != 0
            exit(right && environment.keys.allSatisfy { getenv($0) == nil } ? 0 : 1)
        }
    }

    @Test func meantForAnother() async {
        await #expect(processExitsWith: .success) {
            let environment = ["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1", "LISTEN_PID": "1", "LISTEN_FDS": "1"]
            for (name, value) in environment { setenv(name, value, 1) }
            let activation = Activation.take()
            exit(activation.notification == nil && activation.watchdogInterval == nil && activation.descriptors.isEmpty ? 0 : 1)
        }
    }
}
