#include "daemon/core/daemon/request_turns.h"

#include <algorithm>

namespace ringmaster::core {

void RequestTurns::want(Uid uid, std::uint64_t connection) {
  if (!in_line_.insert(connection).second) return;
  auto& connections = of_uid_[uid];
  if (connections.empty()) line_.push_back(uid);
  connections.push_back(connection);
}

void RequestTurns::forget(Uid uid, std::uint64_t connection) {
  if (in_line_.erase(connection) == 0) return;
  const auto of_uid = of_uid_.find(uid);
  std::erase(of_uid->second, connection);
  if (!of_uid->second.empty()) return;
  of_uid_.erase(of_uid);
  std::erase(line_, uid);
}

std::optional<RequestTurns::Turn> RequestTurns::next() {
  if (line_.empty()) return std::nullopt;
  const Uid uid = line_.front();
  line_.pop_front();
  const auto of_uid = of_uid_.find(uid);
  const std::uint64_t connection = of_uid->second.front();
  of_uid->second.pop_front();
  in_line_.erase(connection);
  if (of_uid->second.empty()) {
    of_uid_.erase(of_uid);
  } else {
    line_.push_back(uid);
  }
  return Turn{uid, connection};
}

}  // namespace ringmaster::core
