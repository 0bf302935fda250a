#pragma once
#include <stddef.h>
#include <stdint.h>

/// One library, opened as its Swift engine opens it by default.
typedef struct {
    const char *name;
    void *(*open)(const char *path, size_t cache, size_t buffer);
    /// Keys lie each in memory of its own, as Swift's arrays do. Puts keys[first ..< first + count], 100 a batch, each with the same value.
    void (*put)(void *db, const uint8_t *const *keys, size_t first, size_t count, const uint8_t *value, size_t size);
    /// Gets keys[order[i]]; answers the sum of the values' first bytes.
    uint64_t (*get)(void *db, const uint8_t *const *keys, const uint32_t *order, size_t count);
    void (*close)(void *db);
} c_loop;

enum { key_size = 16, batch_size = 100 };

extern const c_loop rocks_loop, level_loop, lmdb_loop;
