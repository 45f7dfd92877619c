import Glibc

/// Ends this process with status 0 after so long, whatever hangs: a /proc file behind a lock of the victim's, a disk, a page that must come back.
///
/// By a signal, since under a shortage of memory no thread and no timer of a runtime is sure to get its turn.
func exitSuccessfully(after limit: Duration) {
    signal(SIGALRM) { _ in _exit(0) }
    let whole = limit.components.seconds, rest = limit.components.attoseconds / 1_000_000_000_000
    var timer = itimerval(it_interval: timeval(tv_sec: 0, tv_usec: 0), it_value: timeval(tv_sec: Int(whole), tv_usec: Int(rest)))
    setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &timer, nil)
}
