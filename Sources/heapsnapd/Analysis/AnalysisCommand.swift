import Glibc
import SnapshotStore
import Systemd
import Units

/// What is run after a capture: `heapsnapd analyze`, as a hook is, outside of the service and of the daemon, which does not load what it needs.
enum AnalysisCommand {
    /// - Returns: nil: none is wanted, or it could only run where the service's memory would pay for it.
    static func after(_ record: SnapshotRecord, _ workplace: Workplace) -> HookCommand? {
        let wanted = workplace.configuration.analysis
        switch wanted.afterCapture {
        case .never: return nil
        case .auto where SystemdConnection.libraryObstacle != nil || SystemdConnection.scopeObstacle != nil: return nil
        case .auto, .always: break
        }
        guard let program = ownPath() else { return nil }
        return HookCommand(
            name: "analysis",
            command: [
                program, "analyze", record.id.text, "--tell", "--snapshot-dir", workplace.store.path, "--set",
                "analysis.memoryMax=\(wanted.memoryMax.bytes)",
            ],
            variables: [:], timeout: .seconds(600), memoryMax: wanted.memoryMax + .mebibytes(64))
    }

    private static func ownPath() -> String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }
}
