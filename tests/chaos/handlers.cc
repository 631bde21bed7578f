// What the judge runs in workers: handlers that check their request, do as the job was planned, and write down, before
// and after, that they ran it: so that it is known when the worker is killed.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>

#include "tests/chaos/content.h"
#include "tests/chaos/job_plan.h"
#include "tests/chaos/record.h"
#include "worker/handler.h"

namespace {

using namespace ringmaster::chaos;  // NOLINT(google-build-using-namespace): a program
using ringmaster::Job;

constexpr int kExitCode = 7;

std::unique_ptr<Journal> g_journal;

void open_journal() {
  const char* const path = std::getenv("CHAOS_RUNS");
  if (path == nullptr) throw std::runtime_error("CHAOS_RUNS names no file for what is run");
  const int fd = ::open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) throw std::runtime_error(std::string("cannot open ") + path);
  g_journal = std::make_unique<Journal>(fd);
}

struct Task {
  std::uint64_t job = 0;
  Behave behave = Behave::Return;
  std::uint64_t request_bytes = 0;
  std::uint64_t result_bytes = 0;
  std::int64_t run_us = 0;
};

Task task_of(const Job& job) {
  Task task;
  const std::string_view id = job.text("job");
  std::from_chars(id.data(), id.data() + id.size(), task.job, 16);
  task.behave = static_cast<Behave>(job.integer("behave"));
  task.request_bytes = static_cast<std::uint64_t>(job.integer("request"));
  task.result_bytes = static_cast<std::uint64_t>(job.integer("result"));
  task.run_us = job.integer("us");
  return task;
}

void note(Kind kind, const Task& task, const Job& job, std::int64_t last, std::string text = {}) {
  g_journal->write({0, kind, task.job, {static_cast<std::int64_t>(job.attempt()), ::getpid(), last}, std::move(text)});
}

void sleep_us(std::int64_t us) {
  timespec rest{us / 1'000'000, static_cast<long>(us % 1'000'000) * 1000};
  while (::nanosleep(&rest, &rest) != 0 && errno == EINTR) {
  }
}

void take_time(const Task& task, Job& job, bool listens) {
  for (std::int64_t left = task.run_us; left > 0; left -= 2000) {
    if (listens && job.cancelled()) {
      note(Kind::Stopped, task, job, 0);
      throw ringmaster::JobCancelled();
    }
    sleep_us(std::min<std::int64_t>(left, 2000));
  }
}

// Out of the worker's process group, with nothing of the worker's but its memory.
void leave_child() {
  const pid_t child = ::fork();
  if (child != 0) return;
  ::setsid();
  for (int fd = 0; fd < 256; ++fd) ::close(fd);
  ::signal(SIGTERM, SIG_IGN);
  for (;;) ::pause();
}

[[noreturn]] void die_by(int signal) {
  // A sanitizer's or the worker's own word about it is not wanted: the signal is.
  ::signal(signal, SIG_DFL);
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::raise(signal);
  for (;;) ::pause();
}

void give_result(const Task& task, Job& job) {
  const auto place = job.reserve(static_cast<std::size_t>(task.result_bytes));
  fill(place, task.job, Side::Result);
  job.commit(place.size());
  note(Kind::Ends, task, job, static_cast<std::int64_t>(task.behave));
}

void check_request(const Task& task, Job& job) {
  const Finding finding = look_at(job.input(), task.job, Side::Request, task.request_bytes);
  if (finding.verdict == Verdict::Right) return;
  note(Kind::BadRequest, task, job, 0, describe(finding));
  throw std::runtime_error("the request is " + describe(finding));
}

void run(Job& job, bool listens) {
  const Task task = task_of(job);
  note(Kind::Begins, task, job, static_cast<std::int64_t>(job.id()));
  check_request(task, job);
  take_time(task, job, listens);
  switch (task.behave) {
    case Behave::Return:
      return give_result(task, job);
    case Behave::Fail:
      note(Kind::Ends, task, job, static_cast<std::int64_t>(task.behave));
      throw std::runtime_error("as planned for " + std::string(job.text("job")));
    case Behave::Invalid:
      note(Kind::Ends, task, job, static_cast<std::int64_t>(task.behave));
      throw ringmaster::InvalidJob("as planned for " + std::string(job.text("job")));
    case Behave::Crash:
      die_by(SIGSEGV);
    case Behave::Abort:
      die_by(SIGABRT);
    case Behave::Exit:
      ::_exit(kExitCode);
    case Behave::CrashOnce:
      if (job.attempt() == 1) die_by(SIGKILL);
      return give_result(task, job);
    case Behave::Hang:
      for (;;) sleep_us(100'000);
    case Behave::LeaveChild:
      leave_child();
      return give_result(task, job);
    case Behave::ChildCrash:
      leave_child();
      die_by(SIGKILL);
  }
}

std::vector<ringmaster::HandlerArgument> arguments() {
  const auto number = [](const char* name) {
    return ringmaster::HandlerArgument{
        .name = name, .kind = ringmaster::ArgumentKind::Integer, .required = true, .minimum = 0};
  };
  return {{.name = "job", .required = true}, number("behave"), number("request"), number("result"), number("us")};
}

}  // namespace

RINGMASTER_HANDLERS({.name = "work",
                     .arguments = arguments(),
                     .result_constant = 4096,
                     .listens_to_cancel = true,
                     .warm_up = open_journal,
                     .run = [](Job& job) { run(job, true); }},
                    {.name = "deaf", .arguments = arguments(), .result_constant = 4096, .run = [](Job& job) {
                       run(job, false);
                     }})
