// A pool's command whose handlers leave things behind: processes, statuses, unfinished lines.
#include <fcntl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "worker/worker.h"

namespace {

using ringmaster::ArgumentKind;
using ringmaster::HandlerArgument;
using ringmaster::Job;

void sleep_ms(std::int64_t ms) {
  timespec rest{ms / 1000, static_cast<long>(ms % 1000) * 1'000'000};
  while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

// Leaves a process behind like a library that daemonises a helper: in its own session, without our descriptors. Returns
// its pid.
pid_t leave_process(std::int64_t ms) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    const pid_t left = ::fork();
    if (left != 0) {
      if (::write(ends[1], &left, sizeof left) < 0) ::_exit(1);
      ::_exit(0);
    }
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    sleep_ms(ms);
    ::_exit(0);
  }
  ::close(ends[1]);
  pid_t left = 0;
  const bool told = ::read(ends[0], &left, sizeof left) == sizeof left;
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!told) throw std::runtime_error("the child did not tell");
  return left;
}

void leave(Job& job) { job.output(std::to_string(leave_process(job.integer("ms")))); }

void leave_helper(Job& job) {
  const pid_t left = leave_process(job.integer("ms"));
  if (!job.keep_process(left)) throw std::runtime_error("it may not stay");
  job.output(std::to_string(left));
}

// A child in one job, its status in a later one: a subprocess library with an object that lives on.
pid_t own_child = 0;
void start_child(Job& job) {
  own_child = ::fork();
  if (own_child == 0) ::_exit(7);
  job.output(std::to_string(own_child));
}
void wait_for_child(Job& job) {
  int status = 0;
  const pid_t got = ::waitpid(own_child, &status, 0);
  job.output(got == own_child && WIFEXITED(status) ? std::to_string(WEXITSTATUS(status)) : "gone");
}

void say(Job& job) {
  const auto text = job.input_text();
  if (::write(job.flag("err") ? 2 : 1, text.data(), text.size()) < 0) throw std::runtime_error("cannot write");
  job.output(std::to_string(job.id()));
}

// Writes through a buffer of the C library, without a newline.
void mumble(Job& job) {
  std::fputs(std::string(job.input_text()).c_str(), stdout);
  job.output(std::to_string(job.id()));
}

void sleep_long(Job& job) { sleep_ms(job.integer("ms")); }

}  // namespace

int main(int argc, char** argv) {
  const HandlerArgument ms{.name = "ms",
                           .kind = ArgumentKind::Integer,
                           .help = "how long the process lives, in milliseconds",
                           .default_value = "3600000",
                           .minimum = 0};
  const HandlerArgument err{
      .name = "err", .kind = ArgumentKind::Boolean, .help = "to standard error", .default_value = "false"};
  return ringmaster::worker_main(
      argc, argv,
      {
          {.name = "leave", .summary = "Leaves a process behind.", .arguments = {ms}, .run = leave},
          {.name = "leave-helper", .summary = "The same, declared.", .arguments = {ms}, .run = leave_helper},
          {.name = "leave-by-flag",
           .summary = "The same, by a handler that starts helpers.",
           .arguments = {ms},
           .starts_helpers = true,
           .run = leave},
          {.name = "start-child", .summary = "Starts a child that exits with 7.", .run = start_child},
          {.name = "wait-for-child", .summary = "Waits for it.", .run = wait_for_child},
          {.name = "sleep", .summary = "Sleeps, running.", .arguments = {ms}, .run = sleep_long},
          {.name = "say", .summary = "Writes its input to standard output.", .arguments = {err}, .run = say},
          {.name = "mumble", .summary = "Puts its input into stdout's buffer.", .run = mumble},
      });
}
