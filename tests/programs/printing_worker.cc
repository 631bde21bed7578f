// A pool's command whose handlers write to standard output and error, and may die over it.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>

#include "worker/worker.h"

namespace {

using ringmaster::ArgumentKind;
using ringmaster::Job;

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put <= 0) ::_exit(9);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
}

// Through the C library, the kernel and the library's own way, in turns; the last words stay in a buffer.
void speak(Job& job) {
  std::printf("one\n");
  (void)job.send_message("two");
  write_all(1, "three\n");
  (void)job.send_output("four\n");
  std::printf("five");
  (void)job.send_message("six");
  write_all(2, "seven\n");
  (void)job.send_message("eight");
  std::printf("nine");
}

// Its request, byte by byte as it came, and says so.
void print(Job& job) {
  write_all(1, job.input_text());
  job.output("printed");
}

void print_by_child(Job& job) {
  const std::string text(job.input_text());  // a child has no session's memory
  const pid_t child = ::fork();
  if (child == 0) {
    write_all(1, text);
    ::_exit(0);
  }
  (void)::waitpid(child, nullptr, 0);
}

// As much as it is told to, in lines of 100 bytes: more than a pipe holds.
void print_much(Job& job) {
  const std::int64_t lines = job.integer("lines");
  for (std::int64_t at = 0; at < lines; ++at) {
    std::string line = std::to_string(at);
    line.resize(99, '.');
    write_all(1, line + '\n');
  }
}

// Prints its request, then ends so.
void print_and_die(Job& job) {
  static const std::map<std::string_view, std::function<void()>> kWays{
      {"exit", [] { std::exit(3); }},
      {"_exit", [] { ::_exit(3); }},
      {"crash", [] { *reinterpret_cast<volatile int*>(8) = 1; }},
      {"abort", [] { std::abort(); }},
      {"kill", [] { ::raise(SIGKILL); }},
      {"stop", [] { ::raise(SIGSTOP); }},
      {"hang", [] {
         while (true) ::pause();
       }}};
  if (job.attempt() >= static_cast<unsigned>(job.integer("runs"))) return;
  const std::string_view how = job.text("how");
  if (how == "exit") {
    std::fputs(std::string(job.input_text()).c_str(), stdout);  // exit() writes it out
  } else {
    write_all(1, job.input_text());
  }
  if (const auto us = job.integer("pause_us"); us != 0) ::usleep(static_cast<useconds_t>(us));
  kWays.at(how)();
}

// Writes its request in a thread that goes on after the job, once there is a file of that name.
void print_later(Job& job) {
  std::thread([text = std::string(job.input_text()), until = std::string(job.text("until"))] {
    while (::access(until.c_str(), F_OK) != 0) ::usleep(1000);
    write_all(2, text);
  }).detach();
}

}  // namespace

int main(int argc, char** argv) {
  std::printf("on its way\n");
  return ringmaster::worker_main(
      argc, argv,
      {{.name = "speak", .summary = "In every way.", .run = speak},
       {.name = "print", .summary = "Its request.", .result_constant = 64, .run = print},
       {.name = "child", .summary = "The same by a child process.", .run = print_by_child},
       {.name = "much",
        .summary = "Many lines.",
        .arguments = {{.name = "lines", .kind = ArgumentKind::Integer, .default_value = "10000", .minimum = 0}},
        .run = print_much},
       {.name = "later",
        .summary = "After the job.",
        .arguments = {{.name = "until", .kind = ArgumentKind::Text}},
        .run = print_later},
       {.name = "die",
        .summary = "Prints, and dies.",
        .arguments = {{.name = "how", .kind = ArgumentKind::Text},
                      {.name = "runs", .kind = ArgumentKind::Integer, .default_value = "1000", .minimum = 1},
                      {.name = "pause_us", .kind = ArgumentKind::Integer, .default_value = "0", .minimum = 0}},
        .idempotent = true,
        .run = print_and_die}});
}
