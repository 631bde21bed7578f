#pragma once

/* Memory for the requests of jobs, in C; a part of "client_abi.h", which says what holds for all of them. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_session rm_session;

/* Whether a job or a request was accepted. If not, nothing has changed, and the caller still owns the job's request.
 * Values that are added later are refusals. */
enum {
  RM_ACCEPTED = 0,
  RM_FULL = 1, /* All slots or too much of the memory are in use now: take and free outcomes, then try again. */
  RM_UNKNOWN_HANDLER = 2,
  RM_BAD_ARGUMENTS = 3,
  RM_NEVER_FITS = 4,        /* Too large for this session or this handler. */
  RM_TOO_LITTLE_MEMORY = 5, /* The machine, or this process's cgroup, has none left. */
  RM_BAD_OPTION = 6,
  RM_DRAINING = 7, /* The pool takes no new work. */
  RM_CLOSED = 8,   /* The session is closed, or its daemon gone: open another. */
  RM_FORKED = 9    /* The session belongs to the parent process. */
};

typedef struct rm_request rm_request;

/* Allocates `bytes` of the session's memory, or more of the daemon's, at *memory, to be filled in place. Waits for room
 * for at most wait_ns. RM_ACCEPTED: *request must be submitted or freed. */
int rm_request_new(rm_session* session, uint64_t bytes, uint64_t wait_ns, rm_request** request, void** memory,
                   char* error, size_t error_size);
/* 1: rm_request_new() asks the daemon for so many bytes, which are more than the session's memory can ever hold, and
 * waits for its answer whatever wait_ns is: nothing for the thread of an event loop. 0: it does not. */
int rm_request_asks_daemon(const rm_session* session, uint64_t bytes);
/* Makes a request smaller, never larger. */
void rm_request_shrink(rm_request* request, uint64_t bytes);
/* Frees a request that was not submitted. NULL: does nothing. */
void rm_request_free(rm_request* request);

#ifdef __cplusplus
}
#endif
