import CLinux
import Glibc
import SystemPackage
public import Units

/// A child that runs its own program already. Reaping it is the caller's duty.
public struct SpawnedProcess: Sendable {
    public let pid: ProcessID
    public let pidfd: OwnedDescriptor
}

/// Starts a child: signal mask empty, all signals at their default, oom_score_adj untouched. Descriptors without close-on-exec are
/// inherited. Returns after the child's exec, so an error means that no process is left. Cost: one fork of ourselves, about 1 ms.
public func spawn(_ request: SpawnRequest) throws(SpawnError) -> SpawnedProcess {
    let candidates = CStrings(candidatePaths(request))
    let arguments = CStrings([request.executable] + request.arguments)
    let environment = request.environment.map { CStrings($0.map { "\($0.key)=\($0.value)" }.sorted()) }
    let directory = request.workingDirectory.map { CStrings([$0]) }
    var groups = request.user?.groups ?? []
    let groupCount = groups.count
    var failure = linux_spawn_failure()
    var pidfd: Int32 = -1
    let pid = groups.withUnsafeMutableBufferPointer { groups in
        var native = linux_spawn(
            candidates: candidates.array, arguments: arguments.array, environment: environment?.array ?? environ,
            working_directory: directory?.array[0].map { UnsafePointer($0) },
            standard: (
                request.standardInput?.rawValue ?? -1, request.standardOutput?.rawValue ?? -1, request.standardError?.rawValue ?? -1
            ),
            new_process_group: request.newProcessGroup, foreground: request.foreground, change_user: request.user != nil,
            user: request.user?.uid ?? 0, group: request.user?.gid ?? 0, groups: groups.baseAddress, group_count: groupCount)
        return withExtendedLifetime((candidates, arguments, environment, directory)) { linux_spawn(&native, &pidfd, &failure) }
    }
    guard pid > 0 else { throw SpawnError(failure, request) }
    return SpawnedProcess(pid: ProcessID(pid), pidfd: OwnedDescriptor(FileDescriptor(rawValue: pidfd)))
}

/// Whether our process group is the foreground group of our controlling terminal.
public enum ControllingTerminal {
    public static var isOurs: Bool {
        let terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard terminal >= 0 else { return false }
        defer { close(terminal) }
        return tcgetpgrp(terminal) == getpgrp()
    }
}

private func candidatePaths(_ request: SpawnRequest) -> [String] {
    guard !request.executable.isEmpty, !request.executable.contains("/") else { return [request.executable] }
    let path = request.environment.map { $0["PATH"] } ?? getenv("PATH").map { String(cString: $0) }
    // confstr(_CS_PATH), as execvp(3) without PATH; an empty entry is the working directory.
    return (path ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false).map {
        $0.isEmpty ? "./\(request.executable)" : "\($0)/\(request.executable)"
    }
}

extension SpawnError {
    fileprivate init(_ failure: linux_spawn_failure, _ request: SpawnRequest) {
        let errno = Errno(rawValue: failure.error)
        self =
            switch failure.step {
            case LINUX_SPAWN_EXEC where errno == .noSuchFileOrDirectory || errno == .notDirectory: .notFound(request.executable)
            case LINUX_SPAWN_EXEC: .notExecutable(request.executable, errno)
            case LINUX_SPAWN_WORKING_DIRECTORY: .system(operation: "change to \(request.workingDirectory ?? ".")", errno)
            case LINUX_SPAWN_DESCRIPTORS: .system(operation: "hand over the standard descriptors", errno)
            case LINUX_SPAWN_USER: .system(operation: "become user \(request.user?.uid ?? 0)", errno)
            case LINUX_SPAWN_PROCESS_GROUP: .system(operation: "make a process group", errno)
            default: .system(operation: "create a process", errno)
            }
    }
}

/// A NULL-ended array of C strings.
private final class CStrings {
    let array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        array = .allocate(capacity: count + 1)
        for (index, string) in strings.enumerated() { array[index] = strdup(string) }
        array[count] = nil
    }

    deinit {
        for index in 0..<count { free(array[index]) }
        array.deallocate()
    }
}
