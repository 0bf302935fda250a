#include "heap_meter.h"

#include <sanitizer/allocator_interface.h>

// Of this thread alone: libFuzzer has others.
static _Thread_local ptrdiff_t live;
static _Thread_local ptrdiff_t peak;

static void allocated(const volatile void *block, size_t size) {
    (void)block;
    live += (ptrdiff_t)size;
    if (live > peak) peak = live;
}

static void freed(const volatile void *block) {
    if (block) live -= (ptrdiff_t)__sanitizer_get_allocated_size(block);
}

void heap_meter_install(void) { __sanitizer_install_malloc_and_free_hooks(allocated, freed); }

void heap_meter_begin(void) { live = peak = 0; }

size_t heap_meter_peak(void) { return (size_t)peak; }
