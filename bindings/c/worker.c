/* A pool's worker in C, in a program with an event loop of its own.
 *
 * "upper" answers at once, in its input's own memory. "later" answers from a callback of the loop: its job stays open
 * while other events of the program are served. With --own-poll the program sleeps in its own poll.
 */
#define _POSIX_C_SOURCE 200809L
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <ringmaster/worker_abi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
enum { UPPER, LATER };

static const rm_argument kDelay = {.struct_size = sizeof(rm_argument),
                                   .type = RM_INTEGER,
                                   .has_range = 1,
                                   .minimum = 0,
                                   .maximum = 60000,
                                   .name = "ms",
                                   .help = "Milliseconds until the answer.",
                                   .default_value = "1"};

static const rm_handler kHandlers[] = {
    [UPPER] = {.struct_size = sizeof(rm_handler),
               .flags = RM_IDEMPOTENT | RM_WRITES_INPUT,
               .name = "upper",
               .summary = "Upper case.",
               .result_factor = 1},
    [LATER] = {.struct_size = sizeof(rm_handler),
               .flags = RM_IDEMPOTENT | RM_LISTENS_TO_CANCEL,
               .name = "later",
               .summary = "Answers after a while.",
               .result_constant = 64,
               .arguments = &kDelay,
               .argument_count = 1,
               .argument_stride = sizeof(rm_argument)},
};

static const rm_handler_table kTable = {.struct_size = sizeof(rm_handler_table),
                                        .abi = RINGMASTER_HANDLER_ABI,
                                        .handlers = kHandlers,
                                        .handler_count = sizeof kHandlers / sizeof *kHandlers,
                                        .handler_stride = sizeof(rm_handler)};

static rm_worker* worker;
static rm_job* pending; /* The job that waits for the timer. */
static int timer;

static int32_t answer(rm_job* job, const char* bytes, size_t size) {
  void* const place = job->calls->reserve(job, size);
  if (place == NULL) return RM_TOO_LARGE;
  if (size != 0) memcpy(place, bytes, size);
  job->calls->commit(job, size);
  return RM_DONE;
}

static int32_t upper(rm_job* job) {
  unsigned char* const text = job->calls->writable_input(job);
  if (text == NULL && job->input_size != 0) {
    job->calls->message(job, "no memory to write the input in", 31);
    return RM_FAILED;
  }
  for (uint64_t i = 0; i < job->input_size; ++i) text[i] = (unsigned char)toupper(text[i]);
  return answer(job, (const char*)text, job->input_size);
}

static void set_timer(long ms) {
  const struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 + 1}};
  timerfd_settime(timer, 0, &when, NULL);
}

static void begin(rm_job* job, uint32_t handler) {
  if (handler == UPPER) {
    rm_worker_finish(worker, job, upper(job));
    return;
  }
  const char* ms = "1"; /* Arguments have been checked, and are not terminated. */
  size_t size = 1;
  char text[16] = "";
  job->calls->argument(job, "ms", 2, &ms, &size);
  memcpy(text, ms, size < sizeof text ? size : sizeof text - 1);
  set_timer(atol(text));
  pending = job;
}

static void on_timer(void) {
  uint64_t times;
  if (read(timer, &times, sizeof times) != sizeof times || pending == NULL) return;
  rm_job* const job = pending;
  pending = NULL;
  const int32_t code = job->calls->cancelled(job) ? RM_CANCELLED : answer(job, "later", 5);
  rm_worker_finish(worker, job, code);
}

/* The library sleeps, and watches the program's descriptor with its own. */
static void wait_in_library(void) {
  if ((rm_worker_wait(worker, timer, -1) & RM_WOKE_HOST) != 0) on_timer();
}

/* The program sleeps, and watches the library's descriptor with its own. */
static void wait_in_own_poll(void) {
  int timeout_ms;
  if (rm_worker_park(worker, &timeout_ms)) {
    struct pollfd polled[] = {{.fd = rm_worker_fd(worker), .events = POLLIN}, {.fd = timer, .events = POLLIN}};
    if (poll(polled, 2, timeout_ms) > 0 && polled[1].revents != 0) on_timer();
  }
  rm_worker_unpark(worker);
}

int main(int argc, char** argv) {
  const int own_poll = argc > 1 && strcmp(argv[1], "--own-poll") == 0;
  char error[512];
  worker = rm_worker_open(&kTable, error, sizeof error);
  if (worker == NULL) {
    fprintf(stderr, "%s: %s\n", argv[0], error);
    return 1;
  }
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (timer < 0) {
    rm_worker_boot_failed(worker, strerror(errno));
    return 1;
  }
  if (!rm_worker_ready(worker)) return 1;
  for (;;) {
    if (pending != NULL) { /* Nothing is claimed while a job is open. */
      struct pollfd polled = {.fd = timer, .events = POLLIN};
      if (poll(&polled, 1, -1) > 0) on_timer();
      continue;
    }
    rm_job* job;
    uint32_t handler;
    switch (rm_worker_claim(worker, &job, &handler)) {
      case RM_CLAIMED:
        begin(job, handler);
        break;
      case RM_NOTHING:
        own_poll ? wait_in_own_poll() : wait_in_library();
        break;
      default:
        return rm_worker_leave(worker);
    }
  }
}
