// Shows ThreadSanitizer what `Synchronization.Mutex` does out of its sight. For Linux, and linked by scripts/sanitize alone.
//
// A lock or unlock that meets nobody is a compare-and-exchange that the compiler puts into our own code, where
// ThreadSanitizer sees it. One that has to wait is done in Swift's library, which is not built for ThreadSanitizer, by plain
// instructions and futex(2): a thread that gets the lock so would seem to have nothing to do with the one that let go of it.
// The functions here take the place of the library's three of that kind, call them, and say what they have done: who unlocks
// releases, before, what was done under the lock; who has locked acquires that, after. Both at the lock's own address, as the
// instructions that are seen do. That is what a mutex means and no more, so that no race is hidden by it.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

// Swift passes `self` as its context.
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void (*Lock)(uint32_t thread, SELF);
typedef SWIFT bool (*TryLock)(SELF);
typedef SWIFT void (*Unlock)(SELF);

static Lock lock;
static TryLock try_lock;
static Unlock unlock;

static void *library(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found) {
        fprintf(stderr, "Tests/Sanitizers/mutex.c: Swift's library has no %s\n", name);
        abort();
    }
    return found;
}

// Before the first thread.
__attribute__((constructor)) static void find(void) {
    lock = (Lock)library(LOCK);
    try_lock = (TryLock)library(TRY_LOCK);
    unlock = (Unlock)library(UNLOCK);
}

SWIFT void seen_lock(uint32_t thread, SELF) __asm__(LOCK);
SWIFT void seen_lock(uint32_t thread, SELF) {
    lock(thread, self);
    __tsan_acquire(self);
}

SWIFT bool seen_try_lock(SELF) __asm__(TRY_LOCK);
SWIFT bool seen_try_lock(SELF) {
    if (!try_lock(self)) return false;
    __tsan_acquire(self);
    return true;
}

SWIFT void seen_unlock(SELF) __asm__(UNLOCK);
SWIFT void seen_unlock(SELF) {
    __tsan_release(self);
    unlock(self);
}
