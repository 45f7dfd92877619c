import Glibc

/// Names of signals: `SIGUSR2`, `SIGRTMIN+3`.
public enum Signals {
    private static let table: [(name: String, number: Int32)] = [
        ("SIGHUP", SIGHUP), ("SIGINT", SIGINT), ("SIGQUIT", SIGQUIT), ("SIGILL", SIGILL), ("SIGTRAP", SIGTRAP), ("SIGABRT", SIGABRT),
        ("SIGBUS", SIGBUS), ("SIGFPE", SIGFPE), ("SIGKILL", SIGKILL), ("SIGUSR1", SIGUSR1), ("SIGSEGV", SIGSEGV), ("SIGUSR2", SIGUSR2),
        ("SIGPIPE", SIGPIPE), ("SIGALRM", SIGALRM), ("SIGTERM", SIGTERM), ("SIGSTKFLT", SIGSTKFLT), ("SIGCHLD", SIGCHLD), ("SIGCONT", SIGCONT),
        ("SIGSTOP", SIGSTOP), ("SIGTSTP", SIGTSTP), ("SIGTTIN", SIGTTIN), ("SIGTTOU", SIGTTOU), ("SIGURG", SIGURG), ("SIGXCPU", SIGXCPU),
        ("SIGXFSZ", SIGXFSZ), ("SIGVTALRM", SIGVTALRM), ("SIGPROF", SIGPROF), ("SIGWINCH", SIGWINCH), ("SIGIO", SIGIO), ("SIGPWR", SIGPWR),
        ("SIGSYS", SIGSYS), ("SIGIOT", SIGABRT), ("SIGCLD", SIGCHLD), ("SIGPOLL", SIGIO),
    ]
    /// glibc keeps the kernel's 32 and 33 for itself; its SIGRTMIN is what programs mean.
    private static let realTime: ClosedRange<Int32> = 34...64

    /// Takes `SIGUSR2`, `USR2`, `usr2`, `12`, `SIGRTMIN`, `RTMIN+3`, `SIGRTMAX-1`; nil for what is no signal here.
    public static func number(_ name: String) -> Int32? {
        if let number = Int32(name) { return (1...64).contains(number) ? number : nil }
        let upper = name.uppercased()
        let full = upper.hasPrefix("SIG") ? upper : "SIG" + upper
        if let known = table.first(where: { $0.name == full }) { return known.number }
        for (base, origin) in [("SIGRTMIN", realTime.lowerBound), ("SIGRTMAX", realTime.upperBound)] where full.hasPrefix(base) {
            let offset = full.dropFirst(base.count)
            guard let number = offset.isEmpty ? origin : Int32(offset).map({ origin + $0 }) else { return nil }
            return realTime.contains(number) ? number : nil
        }
        return nil
    }

    /// `SIGRTMIN+n` for real-time signals; `signal 32` for numbers without a name.
    public static func name(_ number: Int32) -> String {
        if let known = table.first(where: { $0.number == number }) { return known.name }
        guard realTime.contains(number) else { return "signal \(number)" }
        return number == realTime.lowerBound ? "SIGRTMIN" : "SIGRTMIN+\(number - realTime.lowerBound)"
    }
}
