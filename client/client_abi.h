#pragma once

/* Sessions with pools of ringmaster in C, for C programs and for bindings of other languages. Link with libringmaster
 * (pkg-config ringmaster). "client.h" is the same in C++.
 *
 *   rm_session* session = rm_session_open(NULL, "default", NULL, error, sizeof error);
 *   rm_submit job = {.struct_size = sizeof job, .handler = "sha256", .bytes = "abc", .byte_count = 3, .cookie = 17};
 *   unsigned in_flight = rm_session_submit(session, &job, NULL, error, sizeof error) == RM_ACCEPTED;
 *   rm_outcome outcome = {.struct_size = sizeof outcome};
 *   for (; in_flight > 0 && rm_session_next(session, RM_FOREVER, &outcome) == RM_ENDED; --in_flight) {
 *     … outcome.cookie, outcome.status, outcome.result, outcome.result_bytes …
 *     rm_outcome_free(&outcome);
 *   }
 *
 * The caller names a job by a number, its cookie. Each job that was accepted has one outcome, which is returned once.
 *
 * Threads: several threads may use a session or a pool at once; to free it must be the last call. A single request or
 * outcome: one thread at a time. In a forked child all functions fail, except those that free.
 *
 * Growth: functions and values are added, none changes its meaning. Structs grow at their end. The program sets
 * struct_size to sizeof; members that the library does not know must be 0. Times are in the unit that ends their names.
 * Texts are terminated UTF-8. A function that fails writes a sentence to `error`, of at most error_size bytes with its
 * terminator; both may be 0. */

#include <stddef.h>
#include <stdint.h>

#include "handler_info_abi.h"
#include "outcome_abi.h"
#include "pool_abi.h"
#include "request_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

#define RINGMASTER_CLIENT_ABI 1
uint32_t rm_client_abi(void);        /* RINGMASTER_CLIENT_ABI when the library was compiled. */
const char* rm_client_version(void); /* "0.2.0" */

#define RM_FOREVER UINT64_MAX /* As a time to wait. */
#define RM_NO_SPIN UINT64_MAX

typedef struct rm_session_options {
  uint32_t struct_size;
  uint32_t slots;         /* Jobs in flight at once; 0: the pool's default. */
  uint64_t request_bytes; /* Memory for requests and for results; 0: the pool's defaults. */
  uint64_t result_bytes;
  uint64_t shortest_timeout_ms; /* The shortest run timeout that a job will ask for; 0: the pool's own. */
  uint64_t control_timeout_ms;  /* For one answer of the daemon; 0: 10 s. */
  uint64_t spin_ns;             /* How long a wait may spin before it sleeps; 0: as the daemon says; or RM_NO_SPIN. */
  const char* name;             /* Shown in the daemon's status; NULL: none. */
} rm_session_options;

/* Opens a session with `pool`. socket NULL: $RINGMASTER_SOCKET, then the default place. options NULL: all 0.
 * NULL: `error` says why. */
rm_session* rm_session_open(const char* socket, const char* pool, const rm_session_options* options, char* error,
                            size_t error_size);
/* Cancels the jobs in flight. rm_session_next() still returns their outcomes. */
void rm_session_close(rm_session* session);
/* Closes and frees a session. Requests and outcomes stay valid until each is freed. NULL: does nothing. */
void rm_session_free(rm_session* session);

/* An eventfd for event loops, non-blocking: it becomes readable when jobs have ended since it was last read. Read its 8
 * bytes, then call rm_session_next(session, 0, …) until no job is left. Owned by the session, and closed by
 * rm_session_close(). The first call starts a thread. -1: `error` says why. */
int rm_session_event_fd(rm_session* session, char* error, size_t error_size);

/* An argument of a job. */
typedef struct rm_submit_argument {
  const char* name;
  const char* value; /* Text, not terminated. */
  size_t value_size;
} rm_submit_argument;

enum { RM_SUBMIT_IDEMPOTENT = 1 /* May run again after its worker died, or when its result needs more room. */ };

typedef struct rm_submit {
  uint32_t struct_size;
  uint32_t flags;      /* RM_SUBMIT_… */
  const char* handler; /* Its name. */
  uint64_t cookie;
  rm_request* request; /* Freed when the job is accepted. NULL: `bytes` are copied. */
  const void* bytes;
  uint64_t byte_count;
  const rm_submit_argument* arguments;
  uint64_t argument_count;
  uint64_t result_capacity;  /* Room for the result; 0: by the handler's rule. */
  uint64_t timeout_ms;       /* Of the run; 0: the pool's. */
  uint64_t queue_timeout_ms; /* Until a worker starts it; 0: none. */
  uint64_t wait_ns;          /* How long to wait before RM_FULL is returned. */
  const char* label;         /* What status, log and reports call the job; cut to 36 bytes. NULL: nothing. */
  uint64_t message_bytes;    /* Room for messages of its handler, 8 bytes beside each, at most 16 MiB; 0: none. */
} rm_submit;

/* RM_ACCEPTED: the job is queued. Its id, as logs and status show it, is stored in *job_id; job_id may be NULL. Waits
 * for the daemon's word only where bytes and arguments do not fit the request ring together. */
int rm_session_submit(rm_session* session, const rm_submit* job, uint64_t* job_id, char* error, size_t error_size);

enum {
  RM_NONE = 0,     /* No job has ended within the time. */
  RM_ENDED = 1,    /* *outcome is filled in, and must be freed. */
  RM_OVER = 2,     /* The session is closed or its daemon is gone, and all outcomes have been returned. */
  RM_NOT_TOLD = 3, /* This process has no memory left, or struct_size is wrong. No outcome is lost. */
  RM_MESSAGE = 4   /* As RM_ENDED, but *outcome is a message of a job that has room for them: RM_MESSAGE_… */
};
/* Returns the outcome of the job that ended first; waits for at most timeout_ns. The cost does not depend on the number
 * of jobs in flight. A result that outgrew its room takes a round trip more, or 10 s without an answer (see below). */
int rm_session_next(rm_session* session, uint64_t timeout_ns, rm_outcome* outcome);

/* For event loops, each time before they sleep: spins for at most budget_ns (where that has helped lately) until a job
 * has ended. 1: rm_session_next() has an outcome. 0: the eventfd tells of what ends from now on. Once this has been
 * called it tells of nothing else: what ends while the program is awake wakes nobody. */
int rm_session_spin(rm_session* session, uint64_t budget_ns);

enum { RM_CANCEL_FORCE = 1 };
/* Cancels the jobs with that cookie. Queued jobs end at once. A running handler that listens to cancel has its pool's
 * grace to stop; any other runs on until its deadline. rm_session_next() returns the outcomes. `flags`: 0, or
 * RM_CANCEL_FORCE: a worker whose job has not ended after grace_ms (at most 60,000) is killed; the call waits for the
 * daemon's answer, at most a tenth of a second. 1: asked; by force: the daemon has it on record. 0: no job with that
 * cookie is queued or running, the daemon did not answer (the plain cancel stands), or the flags are not known. */
int rm_session_cancel(rm_session* session, uint64_t cookie, uint32_t flags, uint64_t grace_ms);

#ifdef __cplusplus
}
#endif
