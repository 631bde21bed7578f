#include "daemon/sessions/session_ending.h"

#include "daemon/log/log.h"
#include "daemon/sessions/granted_memory.h"
#include "daemon/sessions/session_deposits.h"
#include "shm/port/reap.h"
#include "shm/port/verdict.h"
#include "shm/slots.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kHolesPace = std::chrono::milliseconds{100};

unsigned end_ready_jobs(const Session& session, Cause cause) {
  unsigned ended = 0;
  for (const auto [slot, word] : shm::slot_words(session.reply)) {
    if (word.state() == shm::SlotState::Ready && end_ready(session.reply, slot, word, cause)) ++ended;
  }
  return ended;
}

void ask_running_jobs_to_stop(const SessionEntry& entry) {
  for (const auto [slot, word] : shm::slot_words(entry.session.reply)) {
    if (word.is_owned()) {
      entry.pool->cancel_running(entry.session.index, static_cast<std::uint16_t>(slot), word.seq());
    }
  }
}

}  // namespace

void SessionEnding::begin(SessionEntry& entry, Cause cause) {
  Session& session = entry.session;
  if (session.state == SessionState::Closing) return;
  const bool published = session.state != SessionState::Opening;
  session.state = SessionState::Closing;
  entry.lifeline_watch.reset();
  if (entry.opening_timer) ports_.timers.cancel(*entry.opening_timer);
  entry.opening_timer.reset();
  const std::uint16_t index = session.index;
  const std::uint32_t serial = session.serial;
  if (!published) return ports_.timers.post([this, index, serial] { forget(index, serial); });

  rooms_.ledger.note_ending(index, serial);
  (void)end_ready_jobs(session, cause);
  ask_running_jobs_to_stop(entry);
  entry.pool->detach(index, serial, [this, index, serial, cause] {
    const SessionEntry* gone = rooms_.table.find(index, serial);
    if (gone == nullptr) return;
    (void)shm::end_all(gone->session.reply, cause);
    forget(index, serial);
  });
}

// The last step, when no worker has it mapped. The ledger comes first, so that a successor finds no record without
// descriptors.
void SessionEnding::forget(std::uint16_t index, std::uint32_t serial) {
  const SessionEntry* entry = rooms_.table.find(index, serial);
  if (entry == nullptr) return;
  rooms_.ledger.clear(index, serial);
  give_back(entry->session);
  rooms_.table.remove(index);
  // After our own copies are closed: the last close can block because of the client, and must not be ours.
  release_session(rooms_.deposits, serial);
  ports_.gone(serial);
}

void SessionEnding::give_back(const Session& session) {
  if (session.internal()) return ports_.internal_gone(session.serial);
  rooms_.quota.close_session(session.uid, session.geometry.slots);
  rooms_.quota.release_bytes(session.uid, core::Bytes{session.bytes()});
}

void SessionEnding::end(std::uint16_t index, std::uint32_t serial, Cause cause) {
  if (SessionEntry* entry = rooms_.table.find(index, serial)) begin(*entry, cause);
}

void SessionEnding::end_all(Cause cause) {
  rooms_.table.for_each([&](SessionEntry& entry) { begin(entry, cause); });
}

void SessionEnding::end_all_on(std::uint32_t pool, Cause cause) {
  rooms_.table.for_each([&](SessionEntry& entry) {
    if (entry.session.pool == pool) begin(entry, cause);
  });
}

void SessionEnding::connection_closed(std::uint64_t connection) {
  rooms_.table.for_each([&](SessionEntry& entry) {
    if (entry.connection == connection && entry.session.state == SessionState::Opening) begin(entry, Cause::Cancelled);
  });
}

void SessionEnding::close(const Peer& peer, const SessionKey& key, const SessionAsker& asker) {
  SessionEntry* entry = rooms_.table.of_client(peer.uid, key.serial);
  if (entry == nullptr || entry->session.cookie != key.cookie) {
    return asker(
        RequestRefusal{RefusalCode::UnknownSession, "session " + std::to_string(key.serial) + " is not known"});
  }
  begin(*entry, Cause::Cancelled);
  asker(SessionClosed{key.serial});
}

void SessionEnding::watch_lifeline(SessionEntry& entry) {
  if (!entry.session.lifeline.valid()) return;
  const std::uint32_t serial = entry.session.serial;
  // Readable means a farewell byte, a hang-up, or other bytes: each ends the session, and nothing is read.
  entry.lifeline_watch = ports_.watch(entry.session.lifeline.get(), [this, serial] {
    if (SessionEntry* hung_up = rooms_.table.with_serial(serial)) begin(*hung_up, Cause::Cancelled);
  });
}

void SessionEnding::broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) {
  SessionEntry* entry = rooms_.table.find(index, serial);
  if (entry == nullptr || entry->session.state == SessionState::Closing) return;
  log_warning(
      "session broken by its client",
      {{"session", serial}, {"pool", entry->session.pool_name}, {"uid", entry->session.uid}, {"reason", reason}});
  begin(*entry, Cause::ProtocolViolation);
}

unsigned SessionEnding::end_queued(std::optional<std::uint32_t> pool, Cause cause) {
  unsigned ended = 0;
  rooms_.table.for_each([&](const SessionEntry& entry) {
    const Session& session = entry.session;
    if (session.state == SessionState::Opening || (pool && session.pool != *pool)) return;
    ended += end_ready_jobs(session, cause);
  });
  return ended;
}

void SessionEnding::end_those_with_holes() {
  const core::TimePoint now = ports_.timers.now();
  if (holes_looked_ && now - *holes_looked_ < kHolesPace) return;
  holes_looked_ = now;
  rooms_.table.for_each([&](SessionEntry& entry) {
    if (entry.session.internal() || !gave_back_pages(entry.session)) return;
    broken(entry.session.index, entry.session.serial,
           "it freed pages of its memory, for which workers would be charged");
  });
}

}  // namespace ringmaster::daemon
