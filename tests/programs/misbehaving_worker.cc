// A pool's command whose handlers misbehave, one misbehaviour each, so that a test picks one by the handler's name.
// The well-behaved ones at the end are what tests and benchmarks measure with.
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <numeric>
#include <stdexcept>
#include <thread>

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

HandlerArgument number(std::string name, std::string default_value, std::string help) {
  return {.name = std::move(name),
          .kind = ArgumentKind::Integer,
          .help = std::move(help),
          .default_value = std::move(default_value),
          .minimum = 0};
}

// ---- deaths ----

void crash(Job&) {
  ::signal(SIGSEGV, SIG_DFL);  // A sanitizer's handler would turn the signal into an exit code.
  ::raise(SIGSEGV);
}

// Crashes only in the first attempts, as many as the job asks for, so that a retry succeeds in the end.
void crash_once(Job& job) {
  if (job.attempt() <= static_cast<unsigned>(job.integer("times"))) crash(job);
  job.output("attempt " + std::to_string(job.attempt()));
}

// Finishes its job, but does not leave when it is told to.
void cling(Job& job) {
  std::atexit([] {
    while (true) ::pause();
  });
  job.output(std::to_string(::getpid()));
}

void abort_now(Job&) {
  ::signal(SIGABRT, SIG_DFL);
  std::abort();
}

void exit_now(Job& job) { ::_exit(static_cast<int>(job.integer("code"))); }

// Half a result is written, nothing is committed.
void die_holding(Job& job) {
  const auto place = job.reserve(job.capacity());
  std::fill(place.begin(), place.begin() + static_cast<std::ptrdiff_t>(place.size() / 2), std::byte{0xAA});
  ::kill(::getpid(), SIGKILL);
}

// ---- faults: what the worker library's own handler sees ----

int* volatile g_nowhere = nullptr;
volatile int g_zero = 0;

// The test needs the fault itself, not a sanitizer's report.
__attribute__((noinline, no_sanitize("undefined"))) void write_to_nowhere() { *g_nowhere = 1; }

void segv(Job&) { write_to_nowhere(); }
__attribute__((no_sanitize("undefined"))) void divide(Job&) { g_zero = 7 / g_zero; }
void abort_plainly(Job&) { std::abort(); }

// Each call needs its result after the next one: no tail call.
__attribute__((noinline)) int overflow_from(int depth) {
  volatile char room[1024];
  room[0] = static_cast<char>(depth);
  return g_zero == 0 ? overflow_from(depth + 1) + room[0] : 0;
}
void overflow(Job&) { g_zero = overflow_from(1); }

[[gnu::noinline]] void throw_as_told(const std::string& message) { throw std::runtime_error(message); }
void throw_in_thread(Job& job) {
  const std::string message(job.text("message"));
  std::thread([&message] { throw_as_told(message); }).join();
}

// The fault is another thread's, and the job would have ended well meanwhile.
void fault_beside(Job& job) {
  std::thread([] { write_to_nowhere(); }).detach();
  sleep_ms(50);
  job.output("done in time");
}

// Well done, and its process dies of it a moment later.
void crash_later(Job& job) {
  std::thread([] {
    sleep_ms(30);
    write_to_nowhere();
  }).detach();
  job.output("done");
}

void own_handler(Job&) {
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(42); };
  ::sigaction(SIGSEGV, &action, nullptr);
  write_to_nowhere();
}

// Forks a child that crashes; the worker is none the worse for it.
void crash_in_fork(Job& job) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    write_to_nowhere();
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  job.output(WIFSIGNALED(status) ? std::to_string(WTERMSIG(status)) : "exit " + std::to_string(WEXITSTATUS(status)));
}

// What a program finds that a job starts. By fork: posix_spawn, and so popen, has a child ignore two signals of the C
// library's own.
void child_status(Job& job) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[1], 1);
    ::execl("/bin/cat", "cat", "/proc/self/status", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;) {
    text.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  job.output(text);
}

// ---- not ending ----

void hang(Job&) {
  static std::atomic<std::uint64_t> turns{0};
  while (true) turns.fetch_add(1, std::memory_order_relaxed);
}

void hang_stubbornly(Job& job) {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_BLOCK, &all, nullptr);
  hang(job);
}

void hang_asleep(Job&) {
  while (true) sleep_ms(1000);
}

// Blocks the death of the process group's leader from reaching it: a new session, a new group, an ignored SIGTERM.
void fork_away(Job& job) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    ::signal(SIGTERM, SIG_IGN);
    if (::fork() != 0) ::_exit(0);
    const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    while (true) sleep_ms(1000);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (job.flag("die")) ::kill(::getpid(), SIGKILL);
}

// ---- too much ----

void leak(Job& job) {
  const auto bytes = static_cast<std::size_t>(job.integer("bytes"));
  // Through a volatile pointer, so that the compiler does not remove it all.
  static std::byte* volatile lost = nullptr;
  lost = new std::byte[bytes];
  for (std::size_t i = 0; i < bytes; i += 4096) lost[i] = std::byte{1};
}

// Until the kernel or a limit says no.
void hog(Job& job) {
  while (!job.cancelled()) {
    constexpr std::size_t kStep = 16 << 20;
    auto* const step = static_cast<char*>(std::malloc(kStep));
    if (step == nullptr) throw std::bad_alloc();
    for (std::size_t i = 0; i < kStep; i += 4096) static_cast<volatile char*>(step)[i] = 1;
  }
}

void flood(Job& job) {
  const auto lines = job.integer("lines");
  for (std::int64_t i = 0; i < lines && !job.cancelled(); ++i) {
    std::printf("line %lld of a handler that talks too much\n", static_cast<long long>(i));
  }
  std::fflush(stdout);
}

void throw_message(Job& job) { throw std::runtime_error(std::string(job.text("message"))); }
void throw_invalid(Job& job) { throw ringmaster::InvalidJob(std::string(job.text("message"))); }
void throw_number(Job&) { throw 42; }

void fail_with_result(Job& job) {
  job.output("as far as it came");
  throw ringmaster::JobFailed("no further");
}

void fail_after_result(Job& job) {
  job.output("as far as it came");
  throw std::runtime_error("no further");
}

void oversize(Job& job) {
  const auto place = job.reserve(static_cast<std::size_t>(job.integer("bytes")));
  std::fill(place.begin(), place.end(), std::byte{'x'});
  job.commit(place.size());
}

// ---- well behaved ----

void empty(Job&) {}

void sleep_politely(Job& job) {
  const auto ms = job.integer("ms");
  for (std::int64_t slept = 0; slept < ms; ++slept) {
    job.throw_if_cancelled();
    sleep_ms(1);
  }
}

void sleep_deaf(Job& job) { sleep_ms(job.integer("ms")); }

// Uses the CPU for that long, by its own clock.
void burn(Job& job) {
  timespec begin{};
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &begin);
  const std::int64_t wanted = job.integer("us") * 1000;
  do {
    ::clock_gettime(CLOCK_MONOTONIC, &now);
  } while ((now.tv_sec - begin.tv_sec) * 1'000'000'000 + (now.tv_nsec - begin.tv_nsec) < wanted);
}

void touch(Job& job) {
  const auto input = job.input();
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + sizeof sum <= input.size(); at += sizeof sum) {
    std::uint64_t word = 0;
    std::memcpy(&word, input.data() + at, sizeof word);
    sum += word;
  }
  for (; at < input.size(); ++at) sum += static_cast<std::uint64_t>(input[at]);
  job.output(std::as_bytes(std::span(&sum, 1)));
}

void echo(Job& job) { job.output(job.input()); }

void who(Job& job) {
  job.output(std::to_string(::getpid()) + " attempt " + std::to_string(job.attempt()) + " job " +
             std::to_string(job.id()));
}

}  // namespace

int main(int argc, char** argv) {
  const HandlerArgument ms = number("ms", "100", "milliseconds");
  const HandlerArgument message{.name = "message", .help = "what to say", .default_value = "as told"};
  return ringmaster::worker_main(
      argc, argv,
      {
          {.name = "crash", .summary = "SIGSEGV.", .run = crash},
          {.name = "crash-once",
           .summary = "SIGSEGV on the first attempts.",
           .arguments = {number("times", "1", "attempts that crash")},
           .idempotent = true,
           .run = crash_once},
          {.name = "abort", .summary = "abort().", .run = abort_now},
          {.name = "segv", .summary = "Writes where nothing is.", .idempotent = true, .run = segv},
          {.name = "divide", .summary = "Divides by 0.", .run = divide},
          {.name = "abort-plainly", .summary = "abort(), as the worker library left it.", .run = abort_plainly},
          {.name = "overflow", .summary = "Uses up its stack.", .run = overflow},
          {.name = "throw-in-thread",
           .summary = "An exception that nobody catches.",
           .arguments = {message},
           .run = throw_in_thread},
          {.name = "fault-beside", .summary = "Another thread faults.", .run = fault_beside},
          {.name = "crash-later", .summary = "Its process dies after it.", .run = crash_later},
          {.name = "own-handler", .summary = "Exits in a signal handler of its own.", .run = own_handler},
          {.name = "crash-in-fork", .summary = "Its child crashes.", .run = crash_in_fork},
          {.name = "child-status", .summary = "/proc/self/status of a child.", .run = child_status},
          {.name = "exit", .summary = "_exit().", .arguments = {number("code", "3", "exit code")}, .run = exit_now},
          {.name = "cling", .summary = "Never leaves.", .run = cling},
          {.name = "die-holding", .summary = "SIGKILL with half a result written.", .run = die_holding},
          {.name = "hang", .summary = "An endless loop.", .run = hang},
          {.name = "hang-stubborn",
           .summary = "An endless loop with every signal blocked; claims to listen.",
           .listens_to_cancel = true,
           .run = hang_stubbornly},
          {.name = "hang-asleep", .summary = "Sleeps for ever.", .run = hang_asleep},
          {.name = "fork-away",
           .summary = "Leaves a child in a session of its own.",
           .arguments = {{.name = "die",
                          .kind = ArgumentKind::Boolean,
                          .help = "then SIGKILL itself",
                          .default_value = "false"}},
           .run = fork_away},
          {.name = "leak", .summary = "Loses memory.", .arguments = {number("bytes", "1048576", "")}, .run = leak},
          {.name = "hog", .summary = "Takes memory without end.", .run = hog},
          {.name = "flood",
           .summary = "Floods standard output.",
           .arguments = {number("lines", "100000", "")},
           .listens_to_cancel = true,
           .run = flood},
          {.name = "throw", .summary = "Fails.", .arguments = {message}, .run = throw_message},
          {.name = "throw-invalid", .summary = "Refuses.", .arguments = {message}, .run = throw_invalid},
          {.name = "throw-number", .summary = "Throws an int.", .run = throw_number},
          {.name = "fail-with-result", .summary = "Fails, with a result.", .run = fail_with_result},
          {.name = "fail-after-result", .summary = "Fails after a result.", .run = fail_after_result},
          {.name = "oversize",
           .summary = "A result of that many bytes.",
           .arguments = {number("bytes", "1048576", "")},
           .idempotent = true,
           .run = oversize},
          {.name = "empty",
           .summary = "Nothing.",
           .result_constant = 0,
           .change_safe = true,
           .idempotent = true,
           .run = empty},
          {.name = "sleep",
           .summary = "Sleeps, listening.",
           .arguments = {ms},
           .listens_to_cancel = true,
           .idempotent = true,
           .run = sleep_politely},
          {.name = "sleep-deaf",
           .summary = "Sleeps, not listening.",
           .arguments = {ms},
           .idempotent = true,
           .run = sleep_deaf},
          {.name = "burn",
           .summary = "Uses the CPU.",
           .arguments = {number("us", "10000", "microseconds")},
           .idempotent = true,
           .run = burn},
          {.name = "touch",
           .summary = "Reads every byte.",
           .result_constant = 8,
           .change_safe = true,
           .idempotent = true,
           .run = touch},
          {.name = "echo",
           .summary = "Gives the input back.",
           .result_constant = 0,
           .result_factor = 1,
           .change_safe = true,
           .idempotent = true,
           .run = echo},
          {.name = "who", .summary = "Its process, attempt and job.", .idempotent = true, .run = who},
      });
}
