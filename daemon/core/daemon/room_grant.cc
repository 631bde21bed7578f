#include "daemon/core/daemon/room_grant.h"

#include <optional>

namespace ringmaster::core {
namespace {

constexpr std::uint64_t kPage = 4096;
// No file is larger, and no sum of such sizes overflows.
constexpr std::uint64_t kLargest = std::uint64_t{1} << 46;

std::string too_many(const RoomQuestion& question) {
  const bool request = question.what == RoomFor::Request;
  return "uid " + std::to_string(question.uid) + " has " + std::to_string(question.files_of_uid) +
         (request ? " requests that are larger than their ring"
                  : " results that outgrew their room and were not taken") +
         ", all uids together " + std::to_string(question.files) + ": " +
         (request ? "take outcomes first, or open sessions with larger rings"
                  : "take outcomes first, or ask for more room at once");
}

std::optional<RoomRefusal> refusal(const RoomQuestion& question, Bytes more) {
  const bool request = question.what == RoomFor::Request;
  if (question.has == 0 && (question.files >= (request ? kMostParcels : kMostSpilled) ||
                            question.files_of_uid >= (request ? kMostParcelsOfOne : kMostSpilledOfOne)))
    return RoomRefusal{RoomRefusal::Why::TooMany, more, too_many(question), {}};
  if (question.held > question.limit || more.value > question.limit.value - question.held.value)
    return RoomRefusal{RoomRefusal::Why::Quota, more, {}, {}};
  GrantQuestion memory = question.memory;
  memory.asked = more;
  memory.from_kept = true;  // its pages are taken at once
  if (const auto refused = judge_grant(memory))
    return RoomRefusal{RoomRefusal::Why::Memory, more, to_string(*refused), refused->limit};
  return std::nullopt;
}

}  // namespace

std::variant<Bytes, RoomRefusal> judge_room(const RoomQuestion& question) {
  RoomRefusal refused;
  for (const std::uint64_t size : {question.wished, question.needed}) {
    if (size > kLargest || size < question.needed) continue;
    const Bytes whole{(size + kPage - 1) / kPage * kPage};
    const Bytes more{whole.value - question.has};
    auto reason = refusal(question, more);
    if (!reason) return whole;
    refused = std::move(*reason);
  }
  if (question.needed > kLargest)
    return RoomRefusal{RoomRefusal::Why::Memory,
                       Bytes{question.needed},
                       question.what == RoomFor::Request ? "no request can be so large" : "no result can be so large",
                       {}};
  return refused;
}

}  // namespace ringmaster::core
