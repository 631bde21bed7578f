#include "base/result.h"

#include <sys/resource.h>

#include <cerrno>
#include <system_error>

namespace ringmaster {
namespace {

std::string limit_text(__rlimit_resource resource, const char* name, const char* names, const char* unit) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  return std::string(" (") + name + ", " + names + ", is " + std::to_string(limit.rlim_cur) + unit + ")";
}

// The limit of this process that may have caused the errno, as text; the errno alone does not tell it.
std::string limit_behind(int errno_value) {
  switch (errno_value) {
    case EFBIG:
      return limit_text(RLIMIT_FSIZE, "the file size limit, which shared memory counts against",
                        "ulimit -f or LimitFSIZE=", " bytes");
    case EMFILE:
      return limit_text(RLIMIT_NOFILE, "the limit of open descriptors", "ulimit -n or LimitNOFILE=", "");
    case ENOMEM:
      return limit_text(RLIMIT_AS, "the address space limit", "ulimit -v or LimitAS=", " bytes");
    default:
      return {};
  }
}

}  // namespace

Error errno_error(std::string what, int errno_value) {
  what += ": ";
  what += std::generic_category().message(errno_value);
  what += limit_behind(errno_value);
  return Error{std::move(what), errno_value};
}

}  // namespace ringmaster
