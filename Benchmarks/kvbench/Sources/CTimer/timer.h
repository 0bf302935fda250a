// What Swift can't call by itself.
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

// Which poll.h has for those alone who ask for GNU's additions before anybody has included it.
extern int ppoll(struct pollfd *events, nfds_t count, const struct timespec *timeout, const sigset_t *mask);

/// `poll` with a timeout in nanoseconds.
static inline int ctimer_poll(struct pollfd *events, nfds_t count, unsigned long nanoseconds) {
    struct timespec timeout = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
    return ppoll(events, count, &timeout, NULL);
}

/// Has the calling thread woken when a time has come, rather than up to 50 microseconds later together with others.
static inline int ctimer_wake_on_time(void) { return prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); }
