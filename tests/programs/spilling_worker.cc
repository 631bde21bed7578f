// A pool's command whose handlers have a result of any size, given out piece by piece or at once, or their own request.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "worker/worker.h"

namespace {

using ringmaster::ArgumentKind;
using ringmaster::Job;

// Byte n of the result is n modulo 251: so pieces at a wrong place show.
void fill(std::span<std::byte> place, std::size_t from) {
  for (std::byte& one : place) one = static_cast<std::byte>(from++ % 251);
}

void grow(Job& job) {
  if (const std::string mark{job.text("mark")}; !mark.empty()) ::close(::open(mark.c_str(), O_CREAT | O_WRONLY, 0644));
  const auto bytes = static_cast<std::size_t>(job.integer("bytes"));
  const auto piece = static_cast<std::size_t>(job.integer("piece"));
  while (job.committed() < bytes) {
    const std::size_t left = bytes - job.committed();
    const auto place = job.reserve(piece == 0 ? left : std::min(left, piece));
    fill(place, job.committed());
    job.commit(place.size());
  }
  if (job.flag("die")) ::raise(SIGKILL);
}

void back(Job& job) {
  if (const std::string mark{job.text("mark")}; !mark.empty()) ::close(::open(mark.c_str(), O_CREAT | O_WRONLY, 0644));
  if (const std::string wait{job.text("wait")}; !wait.empty()) {
    while (::access(wait.c_str(), F_OK) != 0) ::usleep(1000);
  }
  job.output(job.input());
  if (job.flag("die")) ::raise(SIGKILL);
}

}  // namespace

int main(int argc, char** argv) {
  return ringmaster::worker_main(
      argc, argv,
      {{.name = "grow",
        .summary = "A result of that many bytes.",
        .arguments = {{.name = "bytes", .kind = ArgumentKind::Integer, .default_value = "0", .minimum = 0},
                      {.name = "piece", .kind = ArgumentKind::Integer, .default_value = "0", .minimum = 0},
                      {.name = "mark", .kind = ArgumentKind::Text, .help = "made first", .default_value = ""},
                      {.name = "die", .kind = ArgumentKind::Boolean, .help = "at the end", .default_value = "false"}},
        .result_constant = 4096,
        .idempotent = true,
        .run = grow},
       {.name = "back",
        .summary = "The request.",
        .arguments = {{.name = "mark", .kind = ArgumentKind::Text, .help = "made first", .default_value = ""},
                      {.name = "wait", .kind = ArgumentKind::Text, .help = "for this file", .default_value = ""},
                      {.name = "die", .kind = ArgumentKind::Boolean, .help = "at the end", .default_value = "false"}},
        .run = back}});
}
