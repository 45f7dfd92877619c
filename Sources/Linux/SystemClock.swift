import Glibc
public import Units

/// The kernel's clocks. Intervals are measured on `monotonic`; process start times count on `boottime`.
public enum SystemClock {
    /// Since an arbitrary origin; stands still while the machine sleeps.
    public static func monotonic() -> Duration { read(CLOCK_MONOTONIC) }
    /// Since boot, sleep included.
    public static func boottime() -> Duration { read(CLOCK_BOOTTIME) }

    public static func now() -> Timestamp {
        let (seconds, attoseconds) = read(CLOCK_REALTIME).components
        return Timestamp(milliseconds: seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    private static func read(_ clock: clockid_t) -> Duration {
        var time = timespec()
        clock_gettime(clock, &time)  // cannot fail: the clocks above exist since Linux 2.6.39
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }
}
