#pragma once

#include <optional>
#include <string>

#include "daemon/ports/pool_gate.h"
#include "proto/control.pb.h"

namespace ringmaster {

struct WorkRefusal {
  control::v1::ErrorCode code;
  std::string why;
};

/// Why new work of this user is not taken: the daemon ends, the pool takes none, or what the user's jobs did there.
[[nodiscard]] inline std::optional<WorkRefusal> work_refusal(const DaemonGate& daemon, const PoolGate& pool,
                                                             std::uint32_t uid) {
  if (std::string why = daemon.refusal(); !why.empty()) return WorkRefusal{control::v1::ERROR_DRAINING, std::move(why)};
  if (std::string why = pool.refusal(); !why.empty()) return WorkRefusal{control::v1::ERROR_DRAINING, std::move(why)};
  if (std::string why = pool.refusal_of(uid); !why.empty()) {
    return WorkRefusal{control::v1::ERROR_QUOTA, std::move(why)};
  }
  return std::nullopt;
}

}  // namespace ringmaster
