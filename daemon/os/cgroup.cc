#include "daemon/os/cgroup.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>

namespace ringmaster::daemon {

int write_cgroup(int directory, const char* file, std::string_view text) noexcept {
  const UniqueFd opened(::openat(directory, file, O_WRONLY | O_CLOEXEC));
  if (!opened) return errno;
  return ::write(opened.get(), text.data(), text.size()) >= 0 ? 0 : errno;
}

ssize_t read_cgroup(int directory, const char* file, std::span<char> out) noexcept {
  const UniqueFd opened(::openat(directory, file, O_RDONLY | O_CLOEXEC));
  if (!opened) return -1;
  std::size_t used = 0;
  while (used < out.size()) {
    const ssize_t got = ::read(opened.get(), out.data() + used, out.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  return static_cast<ssize_t>(used);
}

int kill_cgroup(int directory) noexcept { return write_cgroup(directory, "cgroup.kill", "1"); }

int enter_cgroup(int directory) noexcept { return write_cgroup(directory, "cgroup.procs", "0"); }

int cgroup_empty(int directory) noexcept {
  char text[256];
  const ssize_t got = read_cgroup(directory, "cgroup.events", text);
  if (got < 0) return errno;
  const std::string_view events(text, static_cast<std::size_t>(got));
  if (events.find("populated 0") != std::string_view::npos) return 0;
  return events.find("populated 1") != std::string_view::npos ? EBUSY : EPROTO;
}

int make_cgroup(int parent, const char* name, UniqueFd& made) noexcept {
  int error = ::mkdirat(parent, name, 0755) == 0 ? 0 : errno;
  if (error == EEXIST) {
    error = remove_cgroup(parent, name);
    if (error == 0 && ::mkdirat(parent, name, 0755) != 0) error = errno;
  }
  if (error != 0) return error;
  made.reset(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return made ? 0 : errno;
}

int remove_cgroup(int parent, const char* name) noexcept {
  return ::unlinkat(parent, name, AT_REMOVEDIR) == 0 ? 0 : errno;
}

bool is_delegated(int directory) noexcept {
  for (const char* const attribute : {"user.delegate", "trusted.delegate"}) {
    char value[2];
    if (::fgetxattr(directory, attribute, value, sizeof value) == 1 && value[0] == '1') return true;
  }
  struct stat facts {};
  const uid_t self = ::geteuid();
  return self != 0 && ::fstat(directory, &facts) == 0 && facts.st_uid == self;
}

bool is_cgroup(int directory) noexcept {
  struct statfs facts {};
  return ::fstatfs(directory, &facts) == 0 && facts.f_type == CGROUP2_SUPER_MAGIC;
}

}  // namespace ringmaster::daemon
