#if Jemalloc
// Only linked: jemalloc stands before the C library's allocator, for Swift's objects and the engines alike. What lives long
// and what goes at once come from the same threads here, for which it takes fewer instructions and less memory
// (docs/performance.md has the figures).
import CJemalloc
#endif
