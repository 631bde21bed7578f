#include "daemon/os/limits.h"

namespace ringmaster {

rlim_t raise_soft_limit(int resource, rlimit& given) noexcept {
  const auto which = static_cast<__rlimit_resource>(resource);
  if (::getrlimit(which, &given) != 0) return 0;
  const rlimit raised{given.rlim_max, given.rlim_max};
  return ::setrlimit(which, &raised) == 0 ? raised.rlim_cur : given.rlim_cur;
}

}  // namespace ringmaster
