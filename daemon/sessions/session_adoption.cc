#include "daemon/sessions/session_adoption.h"

#include <memory>
#include <utility>

#include "daemon/log/log.h"
#include "daemon/sessions/segments.h"

namespace ringmaster::daemon {

void SessionAdoption::adopt(const TakeDeposit& take, bool cold, const std::function<void(Session&)>& predecessors) {
  for (std::uint16_t index = 0; index < shm::kMaxSessions; ++index) {
    const shm::LedgerState state = rooms_.ledger.state(index);
    if (state == shm::LedgerState::Empty) continue;
    const auto adopted = adopt_one(index, take);
    if (!adopted) {
      lose(index, adopted.error().message);
      continue;
    }
    SessionEntry& entry = **adopted;
    rooms_.ending.watch_lifeline(entry);
    entry.pool->attach(entry.session, [] {});
    if (cold) {
      rooms_.ending.begin(entry, Cause::Lost);
    } else if (state == shm::LedgerState::Ending) {
      rooms_.ending.begin(entry, rooms_.ledger.end_of(index));
    } else if (entry.session.internal()) {
      predecessors(entry.session);
    }
  }
}

Result<SessionEntry*> SessionAdoption::adopt_one(std::uint16_t index, const TakeDeposit& take) {
  auto entry = std::make_unique<SessionEntry>();
  entry->session = rooms_.ledger.recall(index);
  Session& session = entry->session;
  const bool complete = take_session(take, session);
  entry->pool = rooms_.daemon.pools().numbered(session.pool);
  if (entry->pool == nullptr) return Error{"its pool is gone"};
  if (!complete) return Error{"its descriptors are not all there"};
  session.pool_name = entry->pool->config().name;
  if (auto mapped = map_segments(session, true); !mapped) return mapped.error();
  session.state = SessionState::Open;
  if (!session.internal()) {
    rooms_.quota.charge_session(session.uid, session.geometry.slots, core::Bytes{session.bytes()});
  }
  return &rooms_.table.add(std::move(entry));
}

// Ends the session: the client sees it by its lifeline, the workers are told to detach, and its uid is charged until
// they have.
void SessionAdoption::lose(std::uint16_t index, const std::string& why) {
  const Session session = rooms_.ledger.recall(index);
  log_warning("session lost", {{"session", session.serial}, {"uid", session.uid}, {"reason", why}});
  rooms_.ledger.note_ending(index, session.serial);
  release_session(rooms_.daemon, session.serial);
  rooms_.table.block(index);
  const std::uint32_t slots = session.geometry.slots;
  const core::Bytes bytes{session.geometry.valid() ? session.bytes() : 0};
  const bool charged = !session.internal() && session.geometry.valid();
  if (charged) rooms_.quota.charge_session(session.uid, slots, bytes);
  const auto let_go = [this, index, serial = session.serial, uid = session.uid, slots, bytes, charged] {
    rooms_.ledger.clear(index, serial);
    if (charged) {
      rooms_.quota.close_session(uid, slots);
      rooms_.quota.release_bytes(uid, bytes);
    }
    rooms_.table.unblock(index);
  };
  PoolPort* pool = rooms_.daemon.pools().numbered(session.pool);
  if (pool == nullptr) return let_go();
  pool->detach(index, session.serial, let_go);
}

}  // namespace ringmaster::daemon
