#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/pool/worker_range.h"
#include "daemon/core/types.h"

/// Who may create which pool, and who may use and change it.
namespace ringmaster::core {

/// How a pool is called in the whole daemon: names of users' pools cannot meet, nor those of the configuration, which
/// have no dot.
[[nodiscard]] std::string created_pool_name(Uid owner, std::string_view name);

struct CreationQuestion {
  Uid creator = 0;
  Uid daemon = 0;         ///< whose user the daemon runs as; 0: it may start workers of any
  bool offered = false;   ///< [limits] pools_per_uid is not 0
  std::string_view name;  ///< as its creator calls it
  bool taken = false;     ///< there is one of that name
  bool leaving = false;   ///< which is being removed
};
enum class CreationRefusal : std::uint8_t { NotOffered, AnotherUser, BadName, NameTaken, NameLeaving };
[[nodiscard]] std::optional<CreationRefusal> judge_creation(const CreationQuestion& question);
/// One sentence with what to do.
[[nodiscard]] std::string to_string(CreationRefusal refusal, const CreationQuestion& question);

/// How many shall work, of a pool with room for `most`.
enum class ResizeRefusal : std::uint8_t { None, NoWorkers, TooMany, Crossed };
[[nodiscard]] ResizeRefusal judge_resize(const WorkerRange& wanted, std::uint32_t most);

/// Whether a pool is there for that user: a created one is for its owner and for root alone.
[[nodiscard]] constexpr bool may_use_pool(std::optional<Uid> owner, Uid user) {
  return !owner || *owner == user || user == 0;
}

/// A worker gets no more than its pool's creator has, and than the daemon has. `configured`: soft and hard alike;
/// nullopt: what the creator has. `daemon`: its hard limit; nullopt: not known.
[[nodiscard]] ProcessLimit limit_for_created(const ProcessLimit& creator, std::optional<std::uint64_t> daemon,
                                             std::optional<std::uint64_t> configured);

}  // namespace ringmaster::core
