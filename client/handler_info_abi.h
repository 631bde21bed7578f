#pragma once

/* What a pool can do, in C; a part of "client_abi.h", which says what holds for all of them. */

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct rm_session rm_session;

enum { RM_ARGUMENT_TEXT = 1, RM_ARGUMENT_INTEGER, RM_ARGUMENT_REAL, RM_ARGUMENT_BOOLEAN, RM_ARGUMENT_CHOICE };

/* Owned by the session. struct_size is the size that the library filled in. */
typedef struct rm_argument_info {
  uint32_t struct_size;
  uint32_t type; /* RM_ARGUMENT_… */
  uint32_t required;
  uint32_t has_minimum;
  uint32_t has_maximum;
  uint32_t choice_count;
  int64_t minimum;
  int64_t maximum;
  const char* name;
  const char* help;
  const char* default_value; /* "": none. */
  const char* const* choices;
} rm_argument_info;

enum { RM_HANDLER_LISTENS_TO_CANCEL = 1, RM_HANDLER_CHANGE_SAFE = 2, RM_HANDLER_IDEMPOTENT = 4 };

typedef struct rm_handler_info {
  uint32_t struct_size;
  uint32_t flags; /* RM_HANDLER_… */
  const char* name;
  const char* summary;
  const char* output_extension; /* "": the input's. */
  uint64_t result_constant;     /* Room for the result of an ordinary job: constant + factor * request bytes. */
  double result_factor;
  uint64_t max_request_bytes; /* 0: no limit of its own. */
  uint64_t argument_count;
  const rm_argument_info* const* arguments;
} rm_handler_info;

/* The handlers that the pool had when the session was opened, by `index` from 0. NULL: there are not so many; none at
 * all if no worker had been ready. */
const rm_handler_info* rm_session_handler(const rm_session* session, uint64_t index);

#ifdef __cplusplus
}
#endif
