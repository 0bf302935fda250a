#include "loops.h"
#include <leveldb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    leveldb_t *db;
    leveldb_readoptions_t *read;
    leveldb_writeoptions_t *write;
    leveldb_writebatch_t *batch;
} level;

static void check(char *error) {
    if (error) { fprintf(stderr, "leveldb: %s\n", error); exit(2); }
}

static void *level_open(const char *path, size_t cache, size_t buffer) {
    level *l = calloc(1, sizeof *l);
    leveldb_options_t *o = leveldb_options_create();
    leveldb_options_set_create_if_missing(o, 1);
    leveldb_options_set_paranoid_checks(o, 1);
    leveldb_options_set_cache(o, leveldb_cache_create_lru(cache));
    leveldb_options_set_filter_policy(o, leveldb_filterpolicy_create_bloom(10));
    leveldb_options_set_write_buffer_size(o, buffer);
    leveldb_options_set_max_open_files(o, 4096);
    leveldb_options_set_compression(o, leveldb_snappy_compression);
    char *error = NULL;
    l->db = leveldb_open(o, path, &error);
    check(error);
    l->read = leveldb_readoptions_create();
    leveldb_readoptions_set_verify_checksums(l->read, 1);
    l->write = leveldb_writeoptions_create();
    l->batch = leveldb_writebatch_create();
    return l;
}

// The keyspace's byte stands before each key, as the engine stores it.
static void level_put(void *db, const uint8_t *const *keys, size_t first, size_t count, const uint8_t *value, size_t size) {
    level *l = db;
    char key[key_size + 1] = {0};
    for (size_t i = first; i < first + count;) {
        for (size_t end = i + batch_size; i < end; i++) {
            memcpy(key + 1, keys[i], key_size);
            leveldb_writebatch_put(l->batch, key, sizeof key, (const char *)value, size);
        }
        char *error = NULL;
        leveldb_write(l->db, l->write, l->batch, &error);
        check(error);
        leveldb_writebatch_clear(l->batch);
    }
}

static uint64_t level_get(void *db, const uint8_t *const *keys, const uint32_t *order, size_t count) {
    level *l = db;
    char key[key_size + 1] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(key + 1, keys[order[i]], key_size);
        char *error = NULL;
        size_t size;
        char *value = leveldb_get(l->db, l->read, key, sizeof key, &size, &error);
        check(error);
        sum += (uint8_t)value[0];
        leveldb_free(value);
    }
    return sum;
}

static void level_close(void *db) { leveldb_close(((level *)db)->db); }

const c_loop level_loop = {"leveldb", level_open, level_put, level_get, level_close};
