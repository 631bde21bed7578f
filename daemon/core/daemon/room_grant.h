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
/// The same for requests.
inline constexpr std::uint64_t kMostParcels = 1024;
inline constexpr std::uint64_t kMostParcelsOfOne = 256;

/// What a memory file of its own is for: a result that outgrows its extent, for which a worker asks; or a request that
/// is larger than its ring, for which a client asks.
enum class RoomFor : std::uint8_t { Result, Request };

/// All sizes are those of the whole file.
struct RoomQuestion {
  RoomFor what = RoomFor::Result;
  Uid uid = 0;  ///< whose job it is, and who is charged
  std::uint64_t has = 0;
  std::uint64_t needed = 0;  ///< above `has`
  std::uint64_t wished = 0;  ///< rather so many
  Bytes held{};              ///< what the uid holds now
  Bytes limit{};             ///< the most that it may hold
  GrantQuestion memory{};    ///< all but `asked`
  std::uint64_t files = 0;   ///< for the same, that there are, this one not counted
  std::uint64_t files_of_uid = 0;
};

struct RoomRefusal {
  enum class Why : std::uint8_t { Quota, Memory, TooMany };
  Why why = Why::Quota;
  Bytes more{};      ///< what was asked for beyond `has`
  std::string text;  ///< one sentence for the job's submitter; empty for Why::Quota, which the quota's book words
  Bytes limit{};     ///< with Why::Memory: what could be had now
};

/// The file's new size in whole pages, for `wished` bytes or at least for `needed`; or why not. Pure.
[[nodiscard]] std::variant<Bytes, RoomRefusal> judge_room(const RoomQuestion& question);

}  // namespace ringmaster::core
