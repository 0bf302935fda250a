// Preloaded into a node under test: its wall clock is the machine's, plus as many seconds as the file says that
// CHAOS_CLOCK_OFFSET_FILE names. The file is mapped, so that the one who runs the test changes the offset at any moment.
//
// Not libfaketime: that one allocates memory when it is first asked, and jemalloc asks for the time when it first allocates.

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_seconds;

// A node that cannot be told a time must not run as if it were: it ends, and the run says so.
__attribute__((constructor)) static void map_offset(void) {
    const char *path = getenv("CHAOS_CLOCK_OFFSET_FILE");
    if (path == NULL) return;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) _exit(127);
    void *page = mmap(NULL, sizeof *offset_seconds, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (page == MAP_FAILED) _exit(127);
    offset_seconds = page;
}

// The monotonic clocks, by which the node waits, go as ever.
int clock_gettime(clockid_t clock, struct timespec *time) {
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && clock == CLOCK_REALTIME && offset_seconds != NULL) time->tv_sec += *offset_seconds;
    return result;
}
