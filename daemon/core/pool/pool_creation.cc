#include "daemon/core/pool/pool_creation.h"

#include <algorithm>

namespace ringmaster::core {
namespace {

constexpr std::size_t kMaxName = 32;

// Only this is ever shown of a name: no other byte of a client's gets into logs and terminals.
bool is_name(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxName && letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return letter(c) || c == '-' || c == '_'; });
}

}  // namespace

std::string created_pool_name(Uid owner, std::string_view name) {
  return "u" + std::to_string(owner) + "." + std::string(name);
}

std::optional<CreationRefusal> judge_creation(const CreationQuestion& question) {
  if (!question.offered) return CreationRefusal::NotOffered;
  if (question.daemon != 0 && question.daemon != question.creator) return CreationRefusal::AnotherUser;
  if (!is_name(question.name)) return CreationRefusal::BadName;
  if (question.taken) return question.leaving ? CreationRefusal::NameLeaving : CreationRefusal::NameTaken;
  return std::nullopt;
}

std::string to_string(CreationRefusal refusal, const CreationQuestion& question) {
  switch (refusal) {
    case CreationRefusal::NotOffered:
      return "this daemon lets nobody create pools; its administrator can set [limits] pools_per_uid, or use a daemon "
             "of your own";
    case CreationRefusal::AnotherUser:
      return "this daemon runs as uid " + std::to_string(question.daemon) + " and can start no workers of uid " +
             std::to_string(question.creator) + ": it must run as root for that; or use a daemon of your own";
    case CreationRefusal::BadName:
      return "that cannot name a pool; use 1 to 32 letters, digits, - and _, a letter or digit first";
    case CreationRefusal::NameTaken:
      return "there is a pool \"" + created_pool_name(question.creator, question.name) +
             "\" already; choose another name, or drop that one first";
    case CreationRefusal::NameLeaving:
      return "the pool \"" + created_pool_name(question.creator, question.name) +
             "\" is being removed; wait until it is gone, or choose another name";
  }
  return "unknown";
}

ResizeRefusal judge_resize(const WorkerRange& wanted, std::uint32_t most) {
  if (wanted.max == 0 || wanted.min == 0) return ResizeRefusal::NoWorkers;
  if (wanted.max > most) return ResizeRefusal::TooMany;
  return wanted.min > wanted.max ? ResizeRefusal::Crossed : ResizeRefusal::None;
}

ProcessLimit limit_for_created(const ProcessLimit& creator, std::optional<std::uint64_t> daemon,
                               std::optional<std::uint64_t> configured) {
  ProcessLimit limit = creator;
  if (configured) limit.hard = limit.soft = std::min(*configured, creator.hard);
  if (daemon) limit.hard = std::min(limit.hard, *daemon);
  limit.soft = std::min(limit.soft, limit.hard);
  return limit;
}

}  // namespace ringmaster::core
