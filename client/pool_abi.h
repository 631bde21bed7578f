#pragma once

/* Pools that a program creates, in C; a part of "client_abi.h", which says what holds for all functions. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_pool rm_pool;

typedef struct rm_pool_options {
  uint32_t struct_size;
  uint32_t workers;            /* How many are to work, at most; 0: as config says. */
  uint32_t most_workers;       /* To which the pool may be resized; 0: as workers. */
  uint32_t min_workers;        /* As many as there is work for, from this to workers; 0: always workers. */
  uint64_t control_timeout_ms; /* For one answer of the daemon; 0: 10 s. */
  const char* config;          /* TOML, as in one [pool.NAME] of the daemon's configuration; without user and group. */
  const char* folder;          /* Absolute; what relative paths in config stand for. NULL: the working directory. */
  const char* client_name;     /* Shown in the daemon's logs; NULL: none. */
} rm_pool_options;

/* Creates a pool, whose workers run as this process's user, where the daemon allows it ([limits] pools_per_uid). name:
 * 1 to 32 letters, digits, - and _. socket: as for rm_session_open(). It may wait for the daemon, not for the workers.
 * NULL: `error` says why: one line for each problem of config.
 * The pool lasts until it is dropped or freed, or this process ends, however it does. It outlives a restart of the
 * daemon's supervisor. */
rm_pool* rm_pool_create(const char* socket, const char* name, const rm_pool_options* options, char* error,
                        size_t error_size);
/* For rm_session_open(): "u1000.pdf". Valid until rm_pool_free(). */
const char* rm_pool_name(const rm_pool* pool);
/* From now on as many are to work as there is work for, from min_workers to `workers`; min_workers 0: always `workers`.
 * These are at most as many as the pool was created for. Does not wait for them; nobody is stopped in the middle of a
 * job. 1: done. 0: `error` says why. */
int rm_pool_resize(rm_pool* pool, uint32_t min_workers, uint32_t workers, char* error, size_t error_size);

#define RM_SHUTDOWN_TIMEOUT UINT64_MAX /* As a limit: the daemon's shutdown_timeout. */
/* Removes the pool, and waits until nothing of it is left. Queued jobs end as lost at once; jobs that still run after
 * limit_ms are killed. 1: gone, also if it was before. 0: `error` says why. It must be freed in either case. */
int rm_pool_drop(rm_pool* pool, uint64_t limit_ms, char* error, size_t error_size);
/* The daemon removes the pool as rm_pool_drop() with RM_SHUTDOWN_TIMEOUT; nobody waits. In a forked child it only frees
 * memory. NULL: does nothing. */
void rm_pool_free(rm_pool* pool);

#ifdef __cplusplus
}
#endif
