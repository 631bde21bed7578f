#include "daemon/sessions/session_table.h"

#include "base/check.h"
#include "shm/layout.h"

namespace ringmaster::daemon {

std::uint16_t SessionTable::next_place() {
  RM_CHECK(taken() < shm::kMaxSessions, "%zu sessions", taken());
  const auto following = [](std::uint16_t index) {
    return static_cast<std::uint16_t>((index + 1) % shm::kMaxSessions);
  };
  while (entries_.contains(next_) || blocked_.contains(next_)) next_ = following(next_);
  const std::uint16_t place = next_;
  next_ = following(next_);
  return place;
}

SessionEntry& SessionTable::add(std::unique_ptr<SessionEntry> entry) {
  const std::uint16_t index = entry->session.index;
  const auto [at, added] = entries_.emplace(index, std::move(entry));
  RM_CHECK(added, "place %u", index);
  return *at->second;
}

SessionEntry* SessionTable::find(std::uint16_t index, std::uint32_t serial) const {
  const auto at = entries_.find(index);
  return at != entries_.end() && at->second->session.serial == serial ? at->second.get() : nullptr;
}

SessionEntry* SessionTable::with_serial(std::uint32_t serial) const {
  for (const auto& [index, entry] : entries_) {
    if (entry->session.serial == serial) return entry.get();
  }
  return nullptr;
}

SessionEntry* SessionTable::of_client(std::uint32_t uid, std::uint32_t serial) const {
  SessionEntry* entry = with_serial(serial);
  return entry != nullptr && !entry->session.internal() && entry->session.uid == uid ? entry : nullptr;
}

void SessionTable::for_each(const std::function<void(SessionEntry&)>& visit) const {
  for (const auto& [index, entry] : entries_) visit(*entry);
}

}  // namespace ringmaster::daemon
