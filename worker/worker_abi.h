#pragma once

/* A worker process in C, step by step, for programs that have an event loop of their own: runtimes of other languages,
 * and whoever ends a job in another callback than the one that began it. worker_main() of "worker.h" does the same with
 * a loop that it keeps for itself. Link with libringmaster_worker.
 *
 * The process is a pool's command: ringmasterd starts it and leaves it descriptors 3 to 7 and the environment variables
 * RINGMASTER_*. Leave those numbers alone before rm_worker_open().
 *
 *   rm_worker* worker = rm_worker_open(&table, error, sizeof error);
 *   if (worker == NULL || !rm_worker_ready(worker)) return 1;
 *   for (;;) {
 *     rm_job* job;
 *     uint32_t handler;
 *     switch (rm_worker_claim(worker, &job, &handler)) {
 *       case RM_CLAIMED: rm_worker_finish(worker, job, run(job, handler)); break;
 *       case RM_NOTHING: rm_worker_wait(worker, -1, -1); break;
 *       case RM_LEAVE:   return rm_worker_leave(worker);
 *     }
 *   }
 *
 * One thread makes all calls, apart from what handler_abi.h opens to a job's other threads. One job is open at a time,
 * for any number of turns of the host's loop. While it is open nothing needs to be called: the supervisor watches its
 * deadline and a cancel from outside.
 *
 * Growth: functions and values are added, none changes its meaning; rm_handler_table and rm_job grow as handler_abi.h
 * says. */

#include "handler_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_worker rm_worker;

/* Makes this process a worker and describes its handlers to the supervisor. In `table` a handler's `run` and `warm_up`
 * may be NULL: neither is called by this library. A process has one worker, and keeps it until it ends.
 * NULL: the reason is in `error` (terminated, at most error_size bytes) and was told to the supervisor; exit with 1. */
rm_worker* rm_worker_open(const rm_handler_table* table, char* error, size_t error_size);

/* Says that jobs may come: after whatever the program does to warm up, for which it has the pool's start timeout.
 * 0: the supervisor cannot be told; exit with 1. */
int rm_worker_ready(rm_worker* worker);

/* Instead of rm_worker_ready(): tells the supervisor, which logs it, why this worker cannot start. Exit with 1. */
void rm_worker_boot_failed(rm_worker* worker, const char* why);

/* What rm_worker_claim() found. */
enum {
  RM_NOTHING = 0, /* No job; wait. Also while a job is open, and before rm_worker_ready(). */
  RM_CLAIMED = 1, /* *job is open until rm_worker_finish(); *handler is the place of its handler in the table. */
  RM_LEAVE = 2    /* Told to leave, or the daemon is gone: end what there is to end, then rm_worker_leave(). */
};
/* Obeys what the supervisor has said, then takes the next job. Its arguments, deadline and size have been checked
 * against the table; a job that fails there, or was cancelled meanwhile, ends inside and is not seen. */
int rm_worker_claim(rm_worker* worker, rm_job** job, uint32_t* handler);

/* Ends the open job: RM_DONE with what was committed, or as handler_abi.h says. `job` and its memory are gone then.
 * Does not return if the supervisor has decided to kill this worker. */
void rm_worker_finish(rm_worker* worker, rm_job* job, int32_t code);

/* What ended a wait; RM_WOKE_WORK and RM_WOKE_HOST may come together. */
enum {
  RM_WOKE_WORK = 1,   /* There may be something to do: claim. */
  RM_WOKE_HOST = 2,   /* `host_fd` is readable. */
  RM_WOKE_TIMEOUT = 4 /* Neither, for timeout_ms. */
};
/* Spins for as long as the pool's configuration says, then sleeps, until there may be work, `host_fd` is readable (-1:
 * none; an event loop's own epoll descriptor will do; what cannot be polled counts as readable) or timeout_ms have
 * passed (-1: no limit; 0: looks, and neither spins nor sleeps). Claim before the next wait. Returns RM_WOKE_…; at once
 * with RM_WOKE_HOST while a job is open. */
int rm_worker_wait(rm_worker* worker, int host_fd, int timeout_ms);

/* The same for a host that sleeps in a poll of its own; prefer rm_worker_wait(), under which a client's bell wakes one
 * worker of a pool and not all that sleep.
 * rm_worker_park() says whether it may sleep. 1: until rm_worker_fd() is readable, at most *timeout_ms. 0: not at all,
 * there may be work. Either way rm_worker_unpark() follows before any other call. */
int rm_worker_park(rm_worker* worker, int* timeout_ms);
int rm_worker_fd(const rm_worker* worker);
void rm_worker_unpark(rm_worker* worker);

/* After RM_LEAVE: says so to the supervisor and to the other workers. Returns the status to exit with. */
int rm_worker_leave(rm_worker* worker);

#ifdef __cplusplus
}
#endif
