#pragma once

/* A worker process in C, step by step, for programs that have their own event loop: runtimes of other languages, and
 * programs that finish a job in a later callback than the one that started it. worker_main() of "worker.h" does the
 * same with its own loop. Link with libringmaster_worker.
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
 * One thread makes all calls, except those that handler_abi.h allows from any thread. One job is open at a time, for
 * any number of turns of the host's loop. While it is open nothing needs to be called: the supervisor watches the job's
 * deadline and its cancellation.
 *
 * Compatibility: functions and values are added, none changes its meaning; handler_abi.h says how rm_handler_table and
 * rm_job grow. */

#include "handler_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_worker rm_worker;

/* Makes this process a worker and describes its handlers to the supervisor. In `table` a handler's `run` and `warm_up`
 * may be NULL: this library calls neither. A process has one worker, and keeps it until the process ends.
 * NULL: `error` has the reason (terminated, at most error_size bytes), and so has the supervisor; exit with 1. */
rm_worker* rm_worker_open(const rm_handler_table* table, char* error, size_t error_size);

/* Tells the supervisor that jobs may come. Call it after the program's own warm-up; from its start until this call the
 * program has the pool's start timeout. 0: the supervisor cannot be told; exit with 1. */
int rm_worker_ready(rm_worker* worker);

/* Instead of rm_worker_ready(): tells the supervisor, which logs it, why this worker cannot start. Exit with 1. */
void rm_worker_boot_failed(rm_worker* worker, const char* why);

/* What rm_worker_claim() found. */
enum {
  RM_NOTHING = 0, /* No job; wait. Also while a job is open, and before rm_worker_ready(). */
  RM_CLAIMED = 1, /* *job is open until rm_worker_finish(); *handler is the place of its handler in the table. */
  RM_LEAVE = 2    /* The worker must leave, or the daemon is gone: clean up, then rm_worker_leave(). */
};
/* Handles the supervisor's messages, then takes the next job. The job's arguments, deadline and size have been checked
 * against the table; a job that fails this check, or was cancelled, is ended here and never returned. */
int rm_worker_claim(rm_worker* worker, rm_job** job, uint32_t* handler);

/* Ends the open job: RM_DONE with the committed result, or another code of handler_abi.h. `job` is invalid afterwards.
 * Does not return if the supervisor has decided to kill this worker. */
void rm_worker_finish(rm_worker* worker, rm_job* job, int32_t code);

/* Why a wait ended; RM_WOKE_WORK and RM_WOKE_HOST may come together. */
enum {
  RM_WOKE_WORK = 1,   /* There may be something to do: claim. */
  RM_WOKE_HOST = 2,   /* `host_fd` is readable. */
  RM_WOKE_TIMEOUT = 4 /* Neither: timeout_ms have passed, or the worker itself had to wake. Claim and wait again. */
};
/* Waits until there may be work, `host_fd` is readable or timeout_ms have passed: spins for as long as the pool's
 * configuration says, while a CPU is free, then sleeps. host_fd: for example the epoll descriptor of the host's event
 * loop, -1: none; one that cannot be polled counts as readable. It stays watched: give -1 once before you close it.
 * timeout_ms: -1: no limit, 0: looks once, without spinning or sleeping. Returns RM_WOKE_…; while a job is open it
 * returns RM_WOKE_HOST at once. Claim before the next wait. */
int rm_worker_wait(rm_worker* worker, int host_fd, int timeout_ms);

/* The same for a host that sleeps in its own poll. Prefer rm_worker_wait(): with it a client's bell wakes one worker of
 * the pool, with these functions all that sleep.
 * rm_worker_park() says whether it may sleep. 1: until rm_worker_fd() is readable, at most *timeout_ms. 0: not at all,
 * there may be work. Either way rm_worker_unpark() follows before any other call. */
int rm_worker_park(rm_worker* worker, int* timeout_ms);
int rm_worker_fd(const rm_worker* worker);
void rm_worker_unpark(rm_worker* worker);

/* After RM_LEAVE, or between two jobs where this process is of no more use: tells the supervisor and the other workers
 * that this one leaves. Another takes its place; who has ended a job counts as recycled. Returns the status to exit
 * with. */
int rm_worker_leave(rm_worker* worker);

#ifdef __cplusplus
}
#endif
