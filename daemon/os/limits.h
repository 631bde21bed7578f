#pragma once

#include <sys/resource.h>

namespace ringmaster::daemon {

/// Raises the soft limit to the hard one. `given`: what it was before; the result: what it is now.
[[nodiscard]] rlim_t raise_soft_limit(int resource, rlimit& given) noexcept;

/// Takes the limit away where that is allowed (CAP_SYS_RESOURCE), else raises the soft one as above.
[[nodiscard]] rlim_t lift_limit(int resource, rlimit& given) noexcept;

}  // namespace ringmaster::daemon
