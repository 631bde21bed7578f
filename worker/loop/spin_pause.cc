#include "worker/loop/spin_pause.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/unique_fd.h"

namespace ringmaster::worker {

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

std::optional<unsigned> running_threads() noexcept {
  // Opened each time: a handler may have closed whatever descriptors it found.
  const UniqueFd file(::open("/proc/loadavg", O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 128> text;
  const ssize_t bytes = ::read(file.get(), text.data(), text.size());
  if (bytes <= 0) return std::nullopt;
  return running_in({text.data(), static_cast<std::size_t>(bytes)});
}

unsigned machine_cpus() noexcept { return static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN))); }

}  // namespace ringmaster::worker
