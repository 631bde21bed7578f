#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// May this much shared memory be promised? Sessions take their memory as they use it, so what was granted and is not
/// touched yet is still shown as available: it counts as gone.
struct GrantQuestion {
  Uid uid = 0;
  Bytes asked{};
  Bytes available{};         ///< of the machine and the daemon's cgroups, now
  Bytes untouched{};         ///< granted to all sessions and not touched
  Bytes untouched_by_uid{};  ///< of these, to this uid's
  /// May use what is kept back: an administrator's session, and a job that came as a message, whose pages are taken at
  /// once.
  bool from_kept = false;
};

struct GrantRefusal {
  enum class Why : std::uint8_t {
    Full,   ///< as much is promised as there is
    Share,  ///< this uid would leave too little for others
  };
  Why why = Why::Full;
  GrantQuestion question;
  Bytes limit{};  ///< so much would be granted
};

/// nullopt: yes. A sixteenth of what is available is never promised (the machine's own), another only where
/// `from_kept`. One uid's promises come to at most kShareOfRest times what is left for others afterwards.
[[nodiscard]] std::optional<GrantRefusal> judge_grant(const GrantQuestion& question);
inline constexpr std::uint64_t kShareOfRest = 4;

/// In one sentence, with what to do.
[[nodiscard]] std::string to_string(const GrantRefusal& refusal);

}  // namespace ringmaster::core
