#include "loops.h"
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    rocksdb_t *db;
    rocksdb_column_family_handle_t *families[4];
    rocksdb_readoptions_t *read;
    rocksdb_writeoptions_t *write;
    rocksdb_writebatch_t *batch;
} rocks;

static void check(char *error) {
    if (error) { fprintf(stderr, "rocksdb: %s\n", error); exit(2); }
}

static void *rocks_open(const char *path, size_t cache, size_t buffer) {
    rocks *r = calloc(1, sizeof *r);
    rocksdb_options_t *o = rocksdb_options_create();
    rocksdb_options_set_create_if_missing(o, 1);
    rocksdb_options_set_create_missing_column_families(o, 1);
    rocksdb_options_set_write_buffer_size(o, buffer);
    rocksdb_options_set_max_write_buffer_number(o, 3);
    rocksdb_options_set_compression(o, rocksdb_lz4_compression);
    rocksdb_options_set_max_open_files(o, 4096);
    rocksdb_options_increase_parallelism(o, 2);
    rocksdb_block_based_table_options_t *t = rocksdb_block_based_options_create();
    rocksdb_block_based_options_set_block_cache(t, rocksdb_cache_create_lru(cache));
    rocksdb_block_based_options_set_filter_policy(t, rocksdb_filterpolicy_create_bloom_full(10));
    rocksdb_options_set_block_based_table_factory(o, t);
    const char *names[] = {"default", "data", "hints", "meta"};
    const rocksdb_options_t *options[] = {o, o, o, o};
    char *error = NULL;
    r->db = rocksdb_open_column_families(o, path, 4, names, options, r->families, &error);
    check(error);
    r->read = rocksdb_readoptions_create();
    r->write = rocksdb_writeoptions_create();
    r->batch = rocksdb_writebatch_create();
    return r;
}

static void rocks_put(void *db, const uint8_t *const *keys, size_t first, size_t count, const uint8_t *value, size_t size) {
    rocks *r = db;
    for (size_t i = first; i < first + count;) {
        for (size_t end = i + batch_size; i < end; i++)
            rocksdb_writebatch_put_cf(
                r->batch, r->families[1], (const char *)keys[i], key_size, (const char *)value, size);
        char *error = NULL;
        rocksdb_write(r->db, r->write, r->batch, &error);
        check(error);
        rocksdb_writebatch_clear(r->batch);
    }
}

static uint64_t rocks_get(void *db, const uint8_t *const *keys, const uint32_t *order, size_t count) {
    rocks *r = db;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        char *error = NULL;
        rocksdb_pinnableslice_t *slice = rocksdb_get_pinned_cf(
            r->db, r->read, r->families[1], (const char *)keys[order[i]], key_size, &error);
        check(error);
        size_t size;
        sum += (uint8_t)rocksdb_pinnableslice_value(slice, &size)[0];
        rocksdb_pinnableslice_destroy(slice);
    }
    return sum;
}

static void rocks_close(void *db) {
    rocks *r = db;
    for (int i = 0; i < 4; i++) rocksdb_column_family_handle_destroy(r->families[i]);
    rocksdb_close(r->db);
}

const c_loop rocks_loop = {"rocksdb", rocks_open, rocks_put, rocks_get, rocks_close};
