#pragma once

#include <optional>
#include <string>

#include "daemon/ports/pool_port.h"
#include "daemon/ports/request_refusal.h"

namespace ringmaster::daemon {

/// Why new work of this user is refused: the daemon ends, the pool takes none, or this user's jobs have ended workers.
[[nodiscard]] inline std::optional<RequestRefusal> work_refusal(const DaemonPort& daemon, const PoolPort& pool,
                                                                std::uint32_t uid) {
  if (std::string why = daemon.refusal(); !why.empty()) return RequestRefusal{RefusalCode::Draining, std::move(why)};
  if (std::string why = pool.refusal(); !why.empty()) return RequestRefusal{RefusalCode::Draining, std::move(why)};
  if (std::string why = pool.refusal_of(uid); !why.empty()) return RequestRefusal{RefusalCode::Quota, std::move(why)};
  return std::nullopt;
}

}  // namespace ringmaster::daemon
