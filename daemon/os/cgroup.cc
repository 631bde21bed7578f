#include "daemon/os/cgroup.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "shm/base/unique_fd.h"

namespace ringmaster {
namespace {

int write_file(int directory, const char* name, std::string_view text) noexcept {
  const UniqueFd file(::openat(directory, name, O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  return ::write(file.get(), text.data(), text.size()) >= 0 ? 0 : errno;
}

}  // namespace

int kill_cgroup(int directory) noexcept { return write_file(directory, "cgroup.kill", "1"); }

int enter_cgroup(int directory) noexcept { return write_file(directory, "cgroup.procs", "0"); }

int cgroup_empty(int directory) noexcept {
  const UniqueFd file(::openat(directory, "cgroup.events", O_RDONLY | O_CLOEXEC));
  if (!file) return errno;
  char text[256];
  const ssize_t got = ::read(file.get(), text, sizeof text);
  if (got < 0) return errno;
  const std::string_view events(text, static_cast<std::size_t>(got));
  if (events.find("populated 0") != std::string_view::npos) return 0;
  return events.find("populated 1") != std::string_view::npos ? EBUSY : EPROTO;
}

}  // namespace ringmaster
