#include "worker/loop/spin_pause.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/unique_fd.h"

namespace ringmaster::worker {
namespace {

struct Line {
  std::array<char, 256> bytes;
  std::size_t size = 0;
  [[nodiscard]] std::string_view text() const noexcept { return {bytes.data(), size}; }
};

// Its beginning; empty: it cannot be read. Opened each time: a handler may have closed whatever descriptors it found.
Line read_file(const char* path) noexcept {
  Line line;
  const UniqueFd file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return line;
  const ssize_t bytes = ::read(file.get(), line.bytes.data(), line.bytes.size());
  if (bytes > 0) line.size = static_cast<std::size_t>(bytes);
  return line;
}

}  // namespace

std::optional<unsigned> running_in(std::string_view loadavg) noexcept {
  const std::size_t slash = loadavg.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::size_t blank = loadavg.rfind(' ', slash);
  const std::size_t begin = blank == std::string_view::npos ? 0 : blank + 1;
  unsigned running = 0;
  const char* const end = loadavg.data() + slash;
  const auto read = std::from_chars(loadavg.data() + begin, end, running);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return running;
}

std::optional<unsigned> running_threads() noexcept { return running_in(read_file("/proc/loadavg").text()); }

unsigned cpus_in(std::string_view list) noexcept {
  unsigned cpus = 0;
  const char* at = list.data();
  const char* const end = at + list.size();
  while (at != end) {
    unsigned first = 0;
    auto read = std::from_chars(at, end, first);
    if (read.ec != std::errc()) return 0;
    unsigned last = first;
    if (read.ptr != end && *read.ptr == '-') read = std::from_chars(read.ptr + 1, end, last);
    if (read.ec != std::errc() || last < first) return 0;
    cpus += last - first + 1;
    if (read.ptr == end || *read.ptr == '\n') break;
    if (*read.ptr != ',') return 0;
    at = read.ptr + 1;
  }
  return cpus;
}

// Not by sysconf(): some C libraries count only the CPUs that this process may use.
unsigned machine_cpus() noexcept {
  const unsigned online = cpus_in(read_file("/sys/devices/system/cpu/online").text());
  return online != 0 ? online : static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
}

}  // namespace ringmaster::worker
