import Glibc
import SnapshotStore
import Units

extension Configuration.Store {
    /// - Parameter total: size of the store's file system; without it nothing is deleted for the sake of free space.
    func retention(total: ByteCount?) -> Retention {
        Retention(maxUse: maxUse, keepFree: total.map { keepFree.of($0) }, maxAge: maxAge, maxCountPerService: maxCountPerService)
    }
}

extension Configuration.Supervise.TailStderr {
    /// Contract 26: by itself only where our death ends the service anyway, as pid 1 and as the main process of a unit, which systemd names
    /// in SYSTEMD_EXEC_PID (systemd.exec(5), since 248).
    func applies(_ environment: [String: String], pid: Int32 = getpid()) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto: pid == 1 || environment["SYSTEMD_EXEC_PID"] == String(pid)
        }
    }
}
