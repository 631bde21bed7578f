#include "daemon/core/daemon/memory_grant.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

constexpr std::uint64_t kKeptParts = 16;

Bytes less(Bytes amount, Bytes by) { return amount > by ? amount - by : Bytes{}; }

// Rounded to mebibytes, because exact bytes help nobody.
std::string rounded(Bytes bytes) {
  constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;
  return to_string(bytes.value < kMebibyte ? bytes : Bytes{bytes.value / kMebibyte * kMebibyte});
}

}  // namespace

std::optional<GrantRefusal> judge_grant(const GrantQuestion& question) {
  const Bytes part{question.available.value / kKeptParts};
  const Bytes kept{question.from_kept ? part.value : 2 * part.value};
  const Bytes free = less(less(question.available, question.untouched), kept);
  if (question.asked > free) return GrantRefusal{GrantRefusal::Why::Full, question, free};
  if (question.from_kept) return std::nullopt;
  // untouched + asked <= share × (free − asked), solved for asked; divided before the multiplication, against overflow.
  const std::uint64_t whole = kShareOfRest * (free.value / (kShareOfRest + 1));
  const Bytes most = less(Bytes{whole}, Bytes{question.untouched_by_uid.value / (kShareOfRest + 1)});
  if (question.asked > most) return GrantRefusal{GrantRefusal::Why::Share, question, most};
  return std::nullopt;
}

std::string to_string(const GrantRefusal& refusal) {
  const GrantQuestion& question = refusal.question;
  std::string text = rounded(question.asked) + " of memory were asked for; of " + rounded(question.available) +
                     " that are available " + rounded(question.untouched) +
                     " are granted to sessions that have not used them yet";
  if (refusal.why == GrantRefusal::Why::Full) {
    text += ", and a part is kept back, so " + rounded(refusal.limit) + " can be had";
  } else {
    text += ", " + rounded(question.untouched_by_uid) + " of them to uid " + std::to_string(question.uid) + ", so " +
            rounded(refusal.limit) + " more can be had by it, for others' sake";
  }
  return text + ": ask for smaller rings, close sessions that are not needed, or try again later";
}

}  // namespace ringmaster::core
