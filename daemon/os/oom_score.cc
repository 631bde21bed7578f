#include "daemon/os/oom_score.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstddef>

#include "base/unique_fd.h"

namespace ringmaster::daemon {
namespace {
constexpr const char* kFile = "/proc/self/oom_score_adj";
}

int set_oom_score_adj(int value) noexcept {
  const UniqueFd file(::open(kFile, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  char text[16];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;
  return ::write(file.get(), text, static_cast<std::size_t>(end - text)) >= 0 ? 0 : errno;
}

int oom_score_adj(int fallback) noexcept {
  const UniqueFd file(::open(kFile, O_RDONLY | O_CLOEXEC));
  char text[16];
  const ssize_t got = file ? ::read(file.get(), text, sizeof text) : -1;
  int value = fallback;
  if (got > 0) std::from_chars(text, text + got, value);
  return value;
}

}  // namespace ringmaster::daemon
