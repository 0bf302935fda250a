import Glibc

/// The time since some moment before the process began, by a clock that nobody sets.
public enum MonotonicClock {
    /// In nanoseconds, as CLOCK_MONOTONIC has it: the clock of event loops, too.
    public static var now: UInt64 {
        var time = timespec()
        // It fails for a clock that there is not, only.
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
