#include "daemon/control/socket/alive_mark.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "proto/socket_path.h"

namespace ringmaster::daemon {
namespace {

Error cannot(const std::string& path, int why) {
  return errno_error("cannot hold \"" + path +
                         "\" open: `ringmaster health` and `status` will start the service when it is stopped; let the "
                         "daemon's user write in its folder",
                     why);
}

}  // namespace

Result<UniqueFd> open_alive_mark(const std::string& socket, bool make) {
  const std::string path = wire::alive_mark_path(socket);
  // Writable for all, because clients open it for writing; nobody ever writes.
  if (make && ::mkfifo(path.c_str(), 0622) == 0) static_cast<void>(::chmod(path.c_str(), 0622));
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return errno == ENOENT && !make ? Result<UniqueFd>(UniqueFd()) : Result<UniqueFd>(cannot(path, errno));
  struct stat facts {};
  if (::fstat(fd.get(), &facts) != 0 || !S_ISFIFO(facts.st_mode)) return cannot(path, EEXIST);
  return fd;
}

}  // namespace ringmaster::daemon
