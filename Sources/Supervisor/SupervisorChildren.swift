import Glibc
import Linux
import SystemPackage
import Units

/// A child of ours that is not reaped: until it is, its pid and its process group cannot be anybody else's.
struct Child {
    let pid: ProcessID
    /// Waits for the end and calls the reaper.
    let watch: Task<Void, Never>

    func send(_ signal: Int32) -> Bool { kill(pid.rawValue, signal) == 0 }

    func sendToGroup(_ signal: Int32) { _ = kill(-pid.rawValue, signal) }
}

struct HelperRun {
    let child: Child
    let timeout: Task<Void, Never>
    var isTimedOut = false
    let outcome: CheckedContinuation<HelperOutcome, Never>
}

extension Supervisor {
    // MARK: starting

    func startService() -> SupervisorState.Input {
        var request = request
        request.newProcessGroup = true
        request.foreground = terminal?.isOurs ?? false
        if let stderrTail { request.standardError = stderrTail.input }
        do {
            let child = watch(try spawn(request))
            service = child
            emit.yield(.started(child.pid, (try? table.identity(child.pid)) ?? nil))
            return .started(child.pid)
        } catch {
            return .startFailed(reason: "\(error)", exitCode: error.shellStatus)
        }
    }

    /// Runs a command beside the service, in a process group of its own, without input, its output on our standard error, and waits for
    /// its end. It may start before `run()`, and end after it.
    ///
    /// `run()` doesn't wait for it: a command that belongs to a capture is awaited before `captureEnded()`.
    /// Where the task is cancelled that waits for it, it is killed as at its timeout.
    public func spawnHelper(_ command: HelperCommand) async -> HelperOutcome {
        do {
            let child = try startHelper(command)
            let timeout = Task {
                try? await Task.sleep(for: command.timeout)
                if !Task.isCancelled { killHelper(child.pid) }
            }
            return await withTaskCancellationHandler {
                await withCheckedContinuation { helpers[child.pid] = HelperRun(child: child, timeout: timeout, outcome: $0) }
            } onCancel: {
                Task { await killHelper(child.pid) }
            }
        } catch {
            return .cannotStart(reason: "\(error)")
        }
    }

    private func startHelper(_ command: HelperCommand) throws -> Child {
        let nothing = try FileDescriptor.open("/dev/null", .readOnly, options: .closeOnExec)
        defer { try? nothing.close() }
        return watch(
            try spawn(
                SpawnRequest(
                    executable: command.executable, arguments: command.arguments, environment: command.environment,
                    standardInput: nothing, standardOutput: .standardError, newProcessGroup: true)))
    }

    private func killHelper(_ pid: ProcessID) {
        guard let helper = helpers[pid] else { return }
        helpers[pid]?.isTimedOut = true
        helper.child.sendToGroup(SIGKILL)
    }

    private func watch(_ process: SpawnedProcess) -> Child {
        Child(
            pid: process.pid,
            watch: Task {
                defer { withExtendedLifetime(process) {} }  // a pidfd that closes early is silently never ready
                for await _ in readiness(of: process.pidfd.descriptor) { return reapChildren() }
            })
    }

    // MARK: reaping

    func reapChildren() {
        if configuration.reapsOrphans {
            while let pid = (try? Reaper.peek()) ?? nil {
                guard reap(pid) else { return }
            }
        } else {
            for pid in helpers.keys + [service?.pid].compactMap({ $0 }) { _ = reap(pid) }
        }
    }

    /// False: there was nothing to reap.
    private func reap(_ pid: ProcessID) -> Bool {
        guard let (status, use) = (try? Reaper.reap(pid)) ?? nil else { return false }
        if pid == service?.pid {
            serviceEnded(pid, status, use)
        } else if let helper = helpers.removeValue(forKey: pid) {
            helper.timeout.cancel()
            helper.child.watch.cancel()
            helper.outcome.resume(returning: helper.isTimedOut ? .timedOut : .ended(status))
        }
        return true
    }

    private func serviceEnded(_ pid: ProcessID, _ status: ExitStatus, _ use: ResourceUse) {
        service?.watch.cancel()
        service = nil
        terminal?.takeBack(from: pid)
        emit.yield(
            .exited(
                ServiceExit(
                    pid: pid, status: status, use: use, at: SystemClock.now(), standardErrorTail: stderrTail?.takeTail())))
        handle(.serviceExited(status))
    }
}
