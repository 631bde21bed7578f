#include "daemon/core/daemon/traffic_book.h"

#include "base/check.h"

namespace ringmaster::core {

std::optional<std::string> TrafficBook::take_request(Uid uid, std::uint64_t of_connection) {
  if (of_connection >= limits_.unanswered_per_connection) {
    return std::to_string(of_connection) + " requests of this connection are unanswered; wait for some";
  }
  const std::uint64_t of_uid = unanswered(uid);
  if (of_uid >= limits_.unanswered_per_uid) {
    return std::to_string(of_uid) + " requests of uid " + std::to_string(uid) +
           " are unanswered; wait for some, or fetch without wait";
  }
  ++accounts_[uid].unanswered;
  return std::nullopt;
}

void TrafficBook::end_request(Uid uid) {
  auto& unanswered = accounts_[uid].unanswered;
  RM_CHECK(unanswered > 0, "uid=%u", uid);
  --unanswered;
  drop_if_empty(uid);
}

void TrafficBook::add_unread(Uid uid, Bytes bytes) {
  if (bytes.value == 0) return;
  accounts_[uid].unread += bytes;
  held_ += bytes;
}

void TrafficBook::remove_unread(Uid uid, Bytes bytes) {
  if (bytes.value == 0) return;
  auto& unread = accounts_[uid].unread;
  RM_CHECK(unread >= bytes && held_ >= bytes, "uid=%u", uid);
  unread -= bytes;
  held_ -= bytes;
  drop_if_empty(uid);
}

bool TrafficBook::begin_large(Uid uid, Bytes size) {
  const auto account = accounts_.find(uid);
  const Bytes now = account == accounts_.end() ? Bytes{} : account->second.large;
  if (now.value != 0 && now + size > limits_.large_requests_per_uid) return false;
  accounts_[uid].large += size;
  held_ += size;
  return true;
}

void TrafficBook::end_large(Uid uid, Bytes size) {
  auto& large = accounts_[uid].large;
  RM_CHECK(large >= size && held_ >= size, "uid=%u", uid);
  large -= size;
  held_ -= size;
  drop_if_empty(uid);
}

bool TrafficBook::has_room(Uid uid, Bytes unread_here) const {
  if (unread_here.value == 0) return true;
  return unread_here < limits_.unread_per_connection && unread(uid) < limits_.unread_per_uid;
}

std::uint64_t TrafficBook::unanswered(Uid uid) const {
  const auto account = accounts_.find(uid);
  return account == accounts_.end() ? 0 : account->second.unanswered;
}

Bytes TrafficBook::unread(Uid uid) const {
  const auto account = accounts_.find(uid);
  return account == accounts_.end() ? Bytes{} : account->second.unread;
}

void TrafficBook::drop_if_empty(Uid uid) {
  const auto account = accounts_.find(uid);
  if (account->second == Account{}) accounts_.erase(account);
}

}  // namespace ringmaster::core
