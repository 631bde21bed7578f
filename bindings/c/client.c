/* A client in C, in a program with an event loop of its own: each line of standard input is a job, whose result is
 * printed behind the line's number as soon as it is there.
 *
 *   client POOL HANDLER [KEY=VALUE …]
 */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <ringmaster/client_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS = 16, SPIN_NS = 20000 };

static rm_session* session;
static rm_submit job = {.struct_size = sizeof(rm_submit)};
static rm_submit_argument arguments[ARGUMENTS];
static uint64_t in_flight;
static int failed;

static void take_ends(void) {
  rm_outcome outcome = {.struct_size = sizeof outcome};
  while (rm_session_next(session, 0, &outcome) == RM_ENDED) {
    --in_flight;
    if (outcome.status == RM_STATUS_DONE) {
      printf("%" PRIu64 ": %.*s\n", outcome.cookie, (int)outcome.result_bytes, (const char*)outcome.result);
    } else {
      char line[512];
      rm_outcome_describe(&outcome, line, sizeof line);
      fprintf(stderr, "%" PRIu64 ": %s\n", outcome.cookie, line);
      failed = 1;
    }
    rm_outcome_free(&outcome);
  }
}

/* A program with more to look at polls all of it here. */
static void await_ends(int ready) {
  if (!rm_session_spin(session, SPIN_NS)) {
    struct pollfd polled = {.fd = ready, .events = POLLIN};
    uint64_t times;
    if (poll(&polled, 1, -1) > 0 && read(ready, &times, sizeof times) < 0 && errno != EAGAIN) perror("read");
  }
  take_ends();
}

static int submit(const char* line, size_t size, int ready) {
  char error[512];
  job.bytes = line;
  job.byte_count = size;
  for (;;) {
    switch (rm_session_submit(session, &job, NULL, error, sizeof error)) {
      case RM_ACCEPTED:
        ++in_flight;
        ++job.cookie;
        return 1;
      case RM_FULL:
        await_ends(ready);
        break;
      default:
        fprintf(stderr, "%s\n", error);
        return 0;
    }
  }
}

static void read_arguments(char** words, int count) {
  for (int i = 0; i < count && i < ARGUMENTS; ++i) {
    char* const value = strchr(words[i], '=');
    if (value == NULL) continue;
    *value = '\0';
    arguments[job.argument_count++] =
        (rm_submit_argument){.name = words[i], .value = value + 1, .value_size = strlen(value + 1)};
  }
  job.arguments = arguments;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s POOL HANDLER [KEY=VALUE ...]\n", argv[0]);
    return 2;
  }
  char error[512];
  session = rm_session_open(NULL, argv[1], NULL, error, sizeof error);
  const int ready = session != NULL ? rm_session_event_fd(session, error, sizeof error) : -1;
  if (ready < 0) {
    fprintf(stderr, "%s: %s\n", argv[0], error);
    rm_session_free(session);
    return 1;
  }
  job.handler = argv[2];
  read_arguments(argv + 3, argc - 3);

  char* line = NULL;
  size_t room = 0;
  for (ssize_t size; !failed && (size = getline(&line, &room, stdin)) > 0;) {
    if (line[size - 1] == '\n') --size;
    if (!submit(line, (size_t)size, ready)) failed = 1;
    take_ends();
  }
  free(line);
  while (in_flight != 0) await_ends(ready);
  rm_session_free(session);
  return failed;
}
