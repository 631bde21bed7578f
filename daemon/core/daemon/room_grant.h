#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "daemon/core/daemon/memory_grant.h"
#include "daemon/core/types.h"

namespace ringmaster::core {

/// How many results may lie in memory files of their own at a time: each takes descriptors of the daemon.
inline constexpr std::uint64_t kMostSpilled = 4096;
inline constexpr std::uint64_t kMostSpilledOfOne = 1024;  ///< for one uid

/// A worker asks for room for a result that outgrows its extent. All sizes are those of the result's whole file.
struct RoomQuestion {
  Uid uid = 0;  ///< whose job it is, and who is charged
  std::uint64_t has = 0;
  std::uint64_t needed = 0;   ///< above `has`
  std::uint64_t wished = 0;   ///< rather so many
  Bytes held{};               ///< what the uid holds now
  Bytes limit{};              ///< the most that it may hold
  GrantQuestion memory{};     ///< all but `asked`
  std::uint64_t results = 0;  ///< that lie in files of their own, this one not counted
  std::uint64_t results_of_uid = 0;
};

struct RoomRefusal {
  enum class Why : std::uint8_t { Quota, Memory, TooMany };
  Why why = Why::Quota;
  Bytes more{};      ///< what was asked for beyond `has`
  std::string text;  ///< one sentence for the job's submitter; empty for Why::Quota, which the quota's book words
};

/// The file's new size in whole pages, for `wished` bytes or at least for `needed`; or why not. Pure.
[[nodiscard]] std::variant<Bytes, RoomRefusal> judge_room(const RoomQuestion& question);

}  // namespace ringmaster::core
