#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "client/types/options.h"

namespace ringmaster::client {

class ControlLink;

struct PoolMade {
  std::string name;
  std::uint64_t id = 0;  ///< 0: of a daemon that tells none
  UniqueFd lifeline;
};
/// Asks the daemon for a pool, again when the connection breaks: what was made for the one before is gone with it.
[[nodiscard]] Result<PoolMade> create_pool(ControlLink& link, const std::string& name, const PoolOptions& options);
/// The pool of that name, with an id only the very one that got it.
struct MeantPool {
  std::string name;
  std::uint64_t id = 0;
};
[[nodiscard]] Result<void> resize_pool(ControlLink& link, const MeantPool& pool, unsigned workers,
                                       unsigned min_workers);
/// Waits until nothing of it is left. One that is not there is an Error.
[[nodiscard]] Result<void> drop_pool(ControlLink& link, const MeantPool& pool, std::optional<Duration> limit);

}  // namespace ringmaster::client
