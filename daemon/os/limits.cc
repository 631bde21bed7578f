#include "daemon/os/limits.h"

namespace ringmaster::daemon {

rlim_t raise_soft_limit(int resource, rlimit& given) noexcept {
  const auto which = static_cast<__rlimit_resource>(resource);
  if (::getrlimit(which, &given) != 0) return 0;
  const rlimit raised{given.rlim_max, given.rlim_max};
  return ::setrlimit(which, &raised) == 0 ? raised.rlim_cur : given.rlim_cur;
}

rlim_t lift_limit(int resource, rlimit& given) noexcept {
  const rlim_t raised = raise_soft_limit(resource, given);
  const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
  return ::setrlimit(static_cast<__rlimit_resource>(resource), &none) == 0 ? RLIM_INFINITY : raised;
}

}  // namespace ringmaster::daemon
