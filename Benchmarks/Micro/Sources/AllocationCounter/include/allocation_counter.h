#ifndef ALLOCATION_COUNTER_H
#define ALLOCATION_COUNTER_H

#include <stdint.h>

/// Blocks of the heap that the calling thread has asked for since it began.
uint64_t allocations_of_this_thread(void);

#endif
