#pragma once

/* How a job ended, in C; a part of "client_abi.h", which says what holds for all of them. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_session rm_session;

/* The seven ways in which a job can end. */
enum {
  RM_STATUS_DONE = 0,
  RM_STATUS_FAILED = 1,    /* The handler said so. */
  RM_STATUS_CRASHED = 2,   /* Its worker died. */
  RM_STATUS_TIMED_OUT = 3, /* Not started before its queue timeout, or killed at its run timeout. */
  RM_STATUS_CANCELLED = 4,
  RM_STATUS_REFUSED = 5, /* Bad request, unknown handler, or a result larger than its room. */
  RM_STATUS_LOST = 6     /* The daemon shut down or is gone, or its pool is. */
};

/* An outcome, filled in by rm_session_next(). Its pointers are valid until rm_outcome_free(), also after
 * rm_session_free(), but not in a forked child. */
typedef struct rm_outcome {
  uint32_t struct_size; /* The caller's, before the call. */
  uint32_t status;      /* RM_STATUS_… */
  uint32_t cause;       /* A number of the causes in PROTOCOL.md; cause_name is its name. */
  uint32_t detail; /* Signal or exit code of a crash; of a result that was too large: 1: more room cannot be had. */
  const char* cause_name;
  uint64_t cookie;
  uint64_t job_id;
  uint32_t attempts; /* Runs; 0: it never ran. */
  uint32_t reserved;
  uint64_t queued_ns;    /* From the submit until a worker claimed the job for the last time. */
  uint64_t run_ns;       /* Of the last attempt. */
  uint64_t needed_bytes; /* Room that the result needs, if it was too large. */
  const void* result;    /* Of a job that is done, or that failed with a result. In memory that the outcome holds. */
  uint64_t result_bytes;
  const char* message; /* The handler's, or a sentence; "" if the cause says enough. */
  const char* handler; /* Of a job that is not done; "" if it is not known. */
  /* Filled in by rm_session_explain() for a job whose worker died over it; before that "". */
  const char* worker;        /* "images[1]" */
  const char* stack;         /* One frame a line, the innermost first; or why there is none. */
  const char* what;          /* Address of a fault, or the uncaught exception. */
  const char* core;          /* That a core was written, and where to look. */
  void* held;                /* The library's. */
  uint64_t dropped_messages; /* For which rm_submit.message_bytes was too small. */
} rm_outcome;

/* What rm_session_next() stores for RM_MESSAGE: the message as the result, its job's cookie and id, the run that sent
 * it as attempts, what it is as detail, all else 0 or "". A job's messages come in order, over all of its runs, and
 * before its outcome. */
enum { RM_MESSAGE_DATA = 0, RM_MESSAGE_OUTPUT = 1, RM_MESSAGE_ERROR = 2 };

enum { RM_AWAY = 5 /* As RM_ENDED, but the result, of result_bytes, is still with the daemon: rm_session_fetch(). */ };
/* For event loops: as rm_session_next(session, 0, outcome), but it never waits, for the daemon neither. A result that
 * outgrew its room is left with the daemon: RM_AWAY. */
int rm_session_poll(rm_session* session, rm_outcome* outcome);
/* Fetches the result of an outcome that was RM_AWAY, and does nothing to others. Any thread may do that. It takes a
 * round trip, or 10 s if the daemon does not answer: then the outcome's status is RM_STATUS_LOST. */
void rm_session_fetch(rm_session* session, rm_outcome* outcome);

/* Frees the outcome and its result. An outcome that was freed stays as it is. */
void rm_outcome_free(rm_outcome* outcome);

/* Asks the daemon where the job was when its worker died over it, and fills in worker, stack, what and core. Names of
 * functions are known a moment after the job's end: waits for them for at most limit_ns. May be called again. */
void rm_session_explain(rm_session* session, rm_outcome* outcome, uint64_t limit_ns);

/* One line for people: "crashed by signal 11 (SIGSEGV) after 12 ms in resize.cc:88 (job 17-1, worker images[1])".
 * Writes at most `size` bytes with the terminator, and returns the length of the whole line. */
size_t rm_outcome_describe(const rm_outcome* outcome, char* text, size_t size);

#ifdef __cplusplus
}
#endif
