// Stands before the C library's calls that write files and wait for a disk, and counts in the file that KVBENCH_DISK names: eight
// bytes of calls that wait, eight of bytes written, in the machine's order. The kernel's own count (write_bytes of /proc/PID/io) is
// of no use on file systems where pages are written back by others than who made them dirty. Works by LD_PRELOAD; without the
// variable it counts nothing.
#define _GNU_SOURCE
#include "disk_counter.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

struct counts {
    uint64_t syncs;
    uint64_t bytes;
};

static struct counts unused;
static struct counts *counts = &unused;

__attribute__((constructor)) static void open_counts(void) {
    const char *path = getenv("KVBENCH_DISK");
    if (path == NULL) return;
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return;
    if (ftruncate(file, sizeof(struct counts)) == 0) {
        void *page = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page != MAP_FAILED) counts = page;
    }
    close(file);
}

static void note_sync(void) { __atomic_fetch_add(&counts->syncs, 1, __ATOMIC_RELAXED); }

static void note_bytes(ssize_t count) {
    if (count > 0) __atomic_fetch_add(&counts->bytes, (uint64_t)count, __ATOMIC_RELAXED);
}

// Sockets are written to by the same calls.
static int is_file(int file) {
    struct stat status;
    return fstat(file, &status) == 0 && S_ISREG(status.st_mode);
}

// What the name stands for behind this library, looked up once.
#define NEXT(name) \
    static __typeof__(&name) next; \
    if (next == NULL) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

int fsync(int file) {
    NEXT(fsync);
    note_sync();
    return next(file);
}

int fdatasync(int file) {
    NEXT(fdatasync);
    note_sync();
    return next(file);
}

int msync(void *start, size_t length, int flags) {
    NEXT(msync);
    note_sync();
    return next(start, length, flags);
}

ssize_t write(int file, const void *bytes, size_t count) {
    NEXT(write);
    ssize_t written = next(file, bytes, count);
    if (written > 0 && is_file(file)) note_bytes(written);
    return written;
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    NEXT(writev);
    ssize_t written = next(file, parts, count);
    if (written > 0 && is_file(file)) note_bytes(written);
    return written;
}

ssize_t pwrite(int file, const void *bytes, size_t count, off_t offset) {
    NEXT(pwrite);
    ssize_t written = next(file, bytes, count, offset);
    note_bytes(written);
    return written;
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    ssize_t written = next(file, bytes, count, offset);
    note_bytes(written);
    return written;
}

ssize_t pwritev(int file, const struct iovec *parts, int count, off_t offset) {
    NEXT(pwritev);
    ssize_t written = next(file, parts, count, offset);
    note_bytes(written);
    return written;
}
