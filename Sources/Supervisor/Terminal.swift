import Glibc
import Units

/// Our session's terminal, on standard input.
///
/// The service runs in a process group of its own. While we are in the foreground, the foreground is handed to that group (`spawn` does it
/// in the child, before exec), and Ctrl-C reaches the service alone. SIGTTOU is blocked in us (`Supervisor.ownSignals`), or giving
/// and taking would stop us.
struct Terminal: Sendable {
    private let descriptor: Int32 = STDIN_FILENO

    /// Nil: standard input is no terminal, or that of another session.
    init?() {
        guard isatty(descriptor) == 1, tcgetpgrp(descriptor) != -1 else { return nil }
    }

    /// We are in the foreground: the terminal is ours to give.
    var isOurs: Bool { tcgetpgrp(descriptor) == getpgrp() }

    func give(to group: ProcessID) { _ = tcsetpgrp(descriptor, group.rawValue) }

    /// Not from anybody else: after `bg` the foreground is the shell's.
    func takeBack(from group: ProcessID) {
        if tcgetpgrp(descriptor) == group.rawValue { _ = tcsetpgrp(descriptor, getpgrp()) }
    }
}
