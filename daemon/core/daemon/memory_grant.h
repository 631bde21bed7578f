#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// May this much shared memory be granted? Sessions take pages only when they use them, so granted memory that is not
/// used yet still looks available: it is subtracted.
struct GrantQuestion {
  Uid uid = 0;
  Bytes asked{};
  Bytes available{};         ///< what the machine and the daemon's cgroups have left now
  Bytes untouched{};         ///< granted to all sessions and not used yet
  Bytes untouched_by_uid{};  ///< the part of `untouched` that this uid's sessions have
  /// The reserve may be used: for an administrator's session, and for a job sent as a message, whose pages are taken at
  /// once.
  bool from_kept = false;
};

struct GrantRefusal {
  enum class Why : std::uint8_t {
    Full,   ///< all memory has been granted
    Share,  ///< this uid would leave too little for others
  };
  Why why = Why::Full;
  GrantQuestion question;
  Bytes limit{};  ///< how much would be granted
};

/// nullopt: yes. A sixteenth of the available memory is never granted, another sixteenth only if `from_kept`. One uid
/// gets at most kShareOfRest times what is left for others afterwards.
[[nodiscard]] std::optional<GrantRefusal> judge_grant(const GrantQuestion& question);
inline constexpr std::uint64_t kShareOfRest = 4;

/// One sentence, with what to do.
[[nodiscard]] std::string to_string(const GrantRefusal& refusal);

}  // namespace ringmaster::core
