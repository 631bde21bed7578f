#pragma once

#include <cstdint>
#include <string>

namespace ringmaster::daemon {

/// Who is at the other end of a control connection, as the kernel says (SO_PEERCRED at connect).
struct Peer {
  std::uint32_t uid = 0;
  std::uint32_t pid = 0;
  bool admin = false;
  std::uint64_t connection = 0;  ///< of this supervisor; never reused
  /// Not empty: the connection is one of those kept for administration, since all others are in use; the limit, and
  /// what to do.
  std::string kept_since = {};
};

}  // namespace ringmaster::daemon
