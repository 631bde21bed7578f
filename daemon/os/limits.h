#pragma once

#include <sys/resource.h>

namespace ringmaster::daemon {

/// Raises the soft limit to the hard one. `given` is set to the old limit; returns the new one.
[[nodiscard]] rlim_t raise_soft_limit(int resource, rlimit& given) noexcept;

/// Removes the limit if that is allowed (CAP_SYS_RESOURCE); otherwise like raise_soft_limit().
[[nodiscard]] rlim_t lift_limit(int resource, rlimit& given) noexcept;

}  // namespace ringmaster::daemon
