#ifndef KVNODE_HEAP_METER_H
#define KVNODE_HEAP_METER_H

#include <stddef.h>

// Watches the heap of the calling thread by the hooks of AddressSanitizer's allocator.

// Begins to watch. To be called once.
void heap_meter_install(void);

// Counts from now on. What was there before counts as nothing.
void heap_meter_begin(void);

// The most bytes that were there at a time since then.
size_t heap_meter_peak(void);

#endif
