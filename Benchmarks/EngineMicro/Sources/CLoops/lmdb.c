#include "loops.h"
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

typedef struct {
    MDB_env *env;
    MDB_txn *read;
    MDB_dbi dbi;
} lmdb;

static void check(int code) {
    if (code) { fprintf(stderr, "lmdb: %s\n", mdb_strerror(code)); exit(2); }
}

static void *lmdb_open(const char *path, size_t cache, size_t buffer) {
    (void)cache, (void)buffer;
    lmdb *l = calloc(1, sizeof *l);
    mkdir(path, 0755);
    check(mdb_env_create(&l->env));
    check(mdb_env_set_mapsize(l->env, (size_t)16 << 30));
    check(mdb_env_set_maxdbs(l->env, 3));
    check(mdb_env_open(l->env, path, MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMETASYNC, 0644));
    MDB_txn *txn;
    check(mdb_txn_begin(l->env, NULL, 0, &txn));
    check(mdb_dbi_open(txn, "data", MDB_CREATE, &l->dbi));
    check(mdb_txn_commit(txn));
    check(mdb_txn_begin(l->env, NULL, MDB_RDONLY, &l->read));
    mdb_txn_reset(l->read);
    return l;
}

static void lmdb_put(void *db, const uint8_t *const *keys, size_t first, size_t count, const uint8_t *value, size_t size) {
    lmdb *l = db;
    for (size_t i = first; i < first + count;) {
        MDB_txn *txn;
        check(mdb_txn_begin(l->env, NULL, 0, &txn));
        for (size_t end = i + batch_size; i < end; i++) {
            MDB_val key = {key_size, (void *)keys[i]}, data = {size, (void *)value};
            check(mdb_put(txn, l->dbi, &key, &data, 0));
        }
        check(mdb_txn_commit(txn));
    }
}

// Every get sees what was committed before it, so it renews the transaction, as the engine does.
static uint64_t lmdb_get(void *db, const uint8_t *const *keys, const uint32_t *order, size_t count) {
    lmdb *l = db;
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        MDB_val key = {key_size, (void *)keys[order[i]]}, data;
        check(mdb_txn_renew(l->read));
        check(mdb_get(l->read, l->dbi, &key, &data));
        sum += *(uint8_t *)data.mv_data;
        mdb_txn_reset(l->read);
    }
    return sum;
}

static void lmdb_close(void *db) {
    lmdb *l = db;
    mdb_txn_abort(l->read);
    mdb_env_close(l->env);
}

const c_loop lmdb_loop = {"lmdb", lmdb_open, lmdb_put, lmdb_get, lmdb_close};
