#pragma once

/* The C table between a worker and a handler library (a .so). Plain C; stable within an ABI version.
 *
 * A library exports one function, RINGMASTER_HANDLERS_SYMBOL, that returns its table. C++ handlers do not touch this
 * file: "handler.h" builds the table. Handlers in other languages fill it by hand; worker/README.md shows one in C.
 *
 * Growth: every struct that the library provides starts with its size as the library was compiled, and tables of
 * structs carry their stride, so members are added at the end and an older library keeps loading. The worker's structs
 * grow at the end too; a library that uses a newer member looks at struct_size first. What cannot be done in this way
 * gets a new symbol.
 *
 * Threads: a worker calls its handlers from one thread, one job at a time. A handler may use threads of its own, but
 * only one thread at a time may call into its rm_job (progress, cancelled and deadline_left: any thread), and none
 * after the handler has returned. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RINGMASTER_HANDLER_ABI 1
#define RINGMASTER_HANDLERS_SYMBOL "ringmaster_handlers_v1"

typedef struct rm_job rm_job;

/* How a handler ended; what `run` returns. Any other value counts as RM_FAILED. */
enum {
  RM_DONE = 0,              /* What was committed is the result. */
  RM_FAILED = 1,            /* The message says why. */
  RM_INVALID = 2,           /* The request or an argument is wrong: a bad request, not the handler's failure. */
  RM_TOO_LARGE = 3,         /* The result does not fit; needs() or a refused reserve() said how many bytes it takes. */
  RM_CANCELLED = 4,         /* The handler stopped because cancelled() was true. */
  RM_FAILED_WITH_RESULT = 5 /* As RM_FAILED, and what was committed goes to the caller with the message. A worker that
                               is older than this value counts it as any other: RM_FAILED, without the result. */
};

/* What a running handler may ask of its worker. */
typedef struct rm_job_calls {
  uint32_t struct_size;
  uint32_t abi;
  /* The value of an argument as text, not terminated; 0: neither given nor has it a default. Values were checked
   * against the description before the handler was called. Valid until the handler returns. */
  int (*argument)(rm_job* job, const char* name, size_t name_size, const char** value, size_t* value_size);
  /* Where the next `size` bytes of the result may be written, after what was committed. NULL: the result would not fit;
   * the size it takes is noted, and the handler returns RM_TOO_LARGE. A new reserve replaces an uncommitted one.
   * Since 0.2.0 more than `capacity` may be reserved: the worker asks the daemon for the room, which costs a system
   * call or some, and what was committed moves there; so do not write to an earlier reservation any more. It is NULL if
   * the caller does not take larger results, or if it may not have so much memory, or the machine has it not. */
  void* (*reserve)(rm_job* job, uint64_t size);
  /* Makes the first `size` bytes of the reservation part of the result. 0: more than was reserved. */
  int (*commit)(rm_job* job, uint64_t size);
  /* The size that the whole result would have, for a handler that returns RM_TOO_LARGE. The last call counts. */
  void (*needs)(rm_job* job, uint64_t size);
  /* The one-line cause of RM_FAILED, RM_INVALID or RM_CANCELLED; with RM_DONE a remark that the caller sees beside the
   * result. Copied, cut to about 1,000 bytes; the last call counts. */
  void (*message)(rm_job* job, const char* text, size_t size);
  /* Counts as a sign of life in status and in the report of a killed worker. */
  void (*progress)(rm_job* job);
  /* True once the job is to stop: cancelled, or past its run deadline. */
  int (*cancelled)(rm_job* job);
  /* Nanoseconds to the run deadline, 0 or less when it has passed, INT64_MAX without one. */
  int64_t (*deadline_left)(rm_job* job);
  /* Since 0.2.0. Process `pid`, which this job started, is a helper that outlives the job: it is neither killed nor
   * reaped as a leftover. 0: no such process. RM_STARTS_HELPERS says so of all that jobs start. */
  int (*keep_process)(rm_job* job, int64_t pid);
  /* Since 0.2.0. The request once more, at another address and with the same bytes, in memory that the handler may
   * write until it returns; nobody else sees what it writes. NULL: its flags do not say RM_WRITES_INPUT, or the kernel
   * refused the memory; `input` is there to be read in any case. Written pages count as the worker's memory. */
  void* (*writable_input)(rm_job* job);
  /* Since 0.2.0. Sends bytes to the job's submitter at once, before its outcome and in order. 0: dropped, and counted
   * for the submitter, which left no room for messages or has used it up. */
  int (*send)(rm_job* job, uint32_t kind, const void* bytes, uint64_t size);
} rm_job_calls;
/* For send(): a message to the submitter's program, or text that it shows as output. */
enum { RM_SEND_MESSAGE = 0, RM_SEND_OUTPUT = 1, RM_SEND_ERROR = 2 };

/* A job as its handler sees it; the worker's, valid until the handler returns. Read-only. */
struct rm_job {
  uint32_t struct_size;
  uint32_t attempt; /* 1 on the first run. */
  uint64_t id;      /* The public job id. */
  const void* input;
  uint64_t input_size;
  uint64_t capacity; /* Bytes of the result for which there is room already; reserve() may find more. */
  const rm_job_calls* calls;
};

enum { RM_TEXT = 1, RM_INTEGER = 2, RM_REAL = 3, RM_BOOLEAN = 4, RM_CHOICE = 5 };

typedef struct rm_argument {
  uint32_t struct_size;
  uint32_t type;      /* RM_TEXT … RM_CHOICE */
  uint32_t required;  /* 0 or 1 */
  uint32_t has_range; /* 1: RM_INTEGER lies in minimum … maximum, inclusive. */
  int64_t minimum;
  int64_t maximum;
  const char* name;           /* 1 to 64 out of A-Z a-z 0-9 _ . -, not starting with '-' or '.' */
  const char* help;           /* One line or NULL. */
  const char* default_value;  /* NULL: none. */
  const char* const* choices; /* For RM_CHOICE, else NULL. */
  uint64_t choice_count;
} rm_argument;

enum {
  RM_LISTENS_TO_CANCEL = 1, /* Looks at cancelled() at least every few milliseconds. */
  RM_CHANGE_SAFE = 2,       /* Behaves even if the input changes while it is read. */
  RM_IDEMPOTENT = 4,        /* May run again after a crash without harm; a hint for clients. */
  RM_STARTS_HELPERS = 8,    /* Since 0.2.0. What its jobs start and leave running are helpers that stay. */
  RM_WRITES_INPUT = 16      /* Since 0.2.0. May ask for writable_input(). */
};

typedef struct rm_handler {
  uint32_t struct_size;
  uint32_t flags;   /* RM_LISTENS_TO_CANCEL | … */
  const char* name; /* As rm_argument.name. */
  const char* summary;
  uint64_t result_constant; /* Room for the result of an ordinary job: constant + factor * request bytes. */
  double result_factor;
  uint64_t max_request_bytes;   /* 0: no limit. */
  const char* output_extension; /* For files made from results, without dot; "{arg}" is that argument's value,
                                   "{arg:x=+zst,y=-zst}" puts zst behind the input's name where it is x and takes it off
                                   where it is y; or NULL. */
  const rm_argument* arguments;
  uint64_t argument_count;
  uint64_t argument_stride; /* sizeof(rm_argument) as the library was compiled. */
  void* user;               /* Handed to the functions below. */
  /* Runs one job; returns RM_DONE …. No exception may leave it. */
  int32_t (*run)(rm_job* job, void* user);
  /* Called once before the worker takes jobs; NULL: nothing to do. 0: ready; else the worker does not start and says
   * the text left in `error` (terminated, at most error_size bytes). */
  int32_t (*warm_up)(void* user, char* error, size_t error_size);
} rm_handler;

typedef struct rm_handler_table {
  uint32_t struct_size;
  uint32_t abi; /* RINGMASTER_HANDLER_ABI */
  const rm_handler* handlers;
  uint64_t handler_count;
  uint64_t handler_stride; /* sizeof(rm_handler) as the library was compiled. */
  const char* error;       /* Not NULL: the library could not build its table, and this is why. */
} rm_handler_table;

typedef const rm_handler_table* (*rm_handlers_function)(void);

#ifdef __cplusplus
}
#endif
