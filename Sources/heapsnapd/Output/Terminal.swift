import Glibc

/// What goes to standard output and standard error, and whether somebody watches.
enum Terminal {
    static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// A result that cannot be written is no result: it ends the command with 1, as coreutils do. A reader that has seen enough (`| head`) is no failure;
    /// NIO has SIGPIPE ignored, so its end is made here.
    static func print(_ text: String) {
        guard let error = write(text + "\n", to: STDOUT_FILENO) else { return }
        if error == EPIPE { exit(128 + SIGPIPE) }
        printError("heapsnapd: cannot write standard output: \(String(cString: strerror(error))); see where it goes")
        exit(CommandFailure.Code.failed.rawValue)
    }

    static func printError(_ text: String) { _ = write(text + "\n", to: STDERR_FILENO) }

    /// A line for the log; dropped when nobody has read standard error for a tenth of a second: it may be the pipe of a stalled log driver, and who
    /// waits there forwards no signals.
    static func printLog(_ text: String) {
        var ready = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        if poll(&ready, 1, 100) != 0 { printError(text) }
    }

    /// Overwrites the line that stands there; nothing where standard error is no terminal.
    static func showProgress(_ text: String) {
        guard errorIsTerminal else { return }
        _ = write("\r\u{1B}[K\(text)", to: STDERR_FILENO)
    }

    static func endProgress() { showProgress("") }

    /// - Returns: errno, or nil when all is written.
    private static func write(_ text: String, to descriptor: Int32) -> Int32? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno != EINTR { return errno }
            bytes = bytes.dropFirst(max(0, count))
        }
        return nil
    }
}
