#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "shm/base/unique_fd.h"

namespace ringmaster {

namespace control::v1 {
class Reply;
}

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

/// Answers one request: the id is filled in, the descriptors go with it. Called exactly once, now or later.
/// False: the connection has ended, nobody will read the answer.
using Responder = std::function<bool(control::v1::Reply&&, std::vector<UniqueFd>)>;

}  // namespace ringmaster
