#include <algorithm>
#include <cstring>

#include "daemon/supervisor/log.h"
#include "daemon/supervisor/session_desk.h"
#include "daemon/supervisor/session_factory.h"
#include "proto/control.pb.h"
#include "proto/text.h"
#include "shm/memfd.h"
#include "shm/verdict.h"

// The rest of SessionDesk: sessions seen by the pool side, the supervisor's own, what a successor takes up, the status.
namespace ringmaster {

void SessionDesk::for_each(std::uint32_t pool, const std::function<void(Session&)>& visit) {
  for (auto& [index, entry] : sessions_) {
    if (entry->session.pool == pool && entry->session.state != SessionState::Opening) visit(entry->session);
  }
}

void SessionDesk::for_each(const std::function<void(const Session&)>& visit) const {
  for (const auto& [index, entry] : sessions_) visit(entry->session);
}

void SessionDesk::end(std::uint16_t index, std::uint32_t serial, Cause cause) {
  const auto at = sessions_.find(index);
  if (at != sessions_.end() && at->second->session.serial == serial) begin_end(*at->second, cause);
}

unsigned SessionDesk::end_queued(std::optional<std::uint32_t> pool, Cause cause) {
  unsigned ended = 0;
  for (auto& [index, entry] : sessions_) {
    const Session& session = entry->session;
    if (session.state == SessionState::Opening || (pool && session.pool != *pool)) continue;
    for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
      // SYNC: acquire, pairs with the client's publish.
      const SlotWord word(session.reply.word(slot).load(std::memory_order_acquire));
      if (word.state() == SlotState::Ready && end_ready(session.reply, slot, word, cause)) ++ended;
    }
  }
  return ended;
}

void SessionDesk::end_all_sessions(Cause cause) {
  for (auto& [index, entry] : sessions_) begin_end(*entry, cause);
}

Session* SessionDesk::open_internal(PoolGate& pool, const SessionGeometry& geometry, std::string& why) {
  auto created = create(pool, Peer{}, geometry, daemon_.supervisor_incarnation());
  if (!created) {
    why = created.error().message;
    return nullptr;
  }
  Entry& entry = **created;
  // Our own mapping stands; a worker that reopens the segment for writing could else forge a job's submitter.
  if (auto sealed = seal_future_writes(entry.session.request_fd.get()); !sealed) {
    why = sealed.error().message;
    begin_end(entry, Cause::Lost);
    return nullptr;
  }
  entry.session.client = "ringmaster-supervisor";
  entry.session.state = SessionState::Attaching;
  const std::uint32_t serial = entry.session.serial;
  // Published only when the keeper holds it; the jobs that are queued until then lie in the segment and wait.
  deposit(entry, [this, serial](bool held) {
    Entry* now = entry_of_serial(serial);
    if (now == nullptr || now->session.state != SessionState::Attaching) return;
    if (!held) return begin_end(*now, Cause::Lost);
    write_ledger(*now);
    attach(*now, [this, serial] {
      Entry* ready = entry_of_serial(serial);
      if (ready == nullptr || ready->session.state != SessionState::Attaching) return;
      ready->session.state = SessionState::Open;
      ready->pool->ring();
    });
  });
  return &entry.session;
}

bool SessionDesk::adopt_one(std::uint16_t index,
                            const std::function<UniqueFd(keeper::DepositKind, std::uint32_t)>& take) {
  using keeper::DepositKind;
  const LedgerSession& record = daemon_.ledger().sessions[index];
  PoolGate* pool = nullptr;
  for (PoolGate* one : daemon_.pools()) {
    if (one->index() == record.pool) pool = one;
  }
  auto entry = std::make_unique<Entry>();
  entry->pool = pool;
  Session& session = entry->session;
  session.index = index;
  session.serial = record.serial;
  session.uid = record.uid;
  session.pid = record.pid;
  session.pool = record.pool;
  session.cookie = {record.cookie[0], record.cookie[1]};
  session.geometry = {record.slots, record.request_ring_bytes, record.result_ring_bytes};
  session.shortest_run_ms = record.shortest_run_ms;
  session.supervisor = record.supervisor;
  session.opened_ns = record.opened_ns;
  session.client = clean_text({record.client, ::strnlen(record.client, sizeof record.client)});
  session.request_fd = take(DepositKind::Request, session.serial);
  session.reply_fd = take(DepositKind::Reply, session.serial);
  session.bell = take(DepositKind::SessionBell, session.serial);
  session.lifeline = take(DepositKind::Lifeline, session.serial);
  if (pool == nullptr || !session.request_fd.valid() || !session.reply_fd.valid() || !session.bell.valid() ||
      session.lifeline.valid() == session.internal()) {
    return false;
  }
  session.pool_name = pool->config().name;
  if (!map_segments(session, true)) return false;
  session.state = SessionState::Open;
  if (!session.internal()) {
    // The predecessor granted it; should the limits have shrunk since, it stays but is not on the books twice.
    if (quota_.open_session(loop_.now(), session.uid, session.geometry.slots, core::Bytes{session.bytes()}))
      return false;
  }
  sessions_[index] = std::move(entry);
  return true;
}

void SessionDesk::adopt(const std::function<UniqueFd(keeper::DepositKind, std::uint32_t serial)>& take, bool cold,
                        const std::function<void(Session&)>& predecessors) {
  for (std::uint16_t index = 0; index < kMaxSessions; ++index) {
    LedgerSession& record = daemon_.ledger().sessions[index];
    // SYNC: acquire, pairs with write_ledger of the predecessor.
    const auto state = static_cast<LedgerState>(record.state.load(std::memory_order_acquire));
    if (state == LedgerState::Empty) continue;
    const std::uint32_t serial = record.serial;
    if (!adopt_one(index, take)) {
      log_warning("session lost", {{"session", serial}, {"uid", record.uid}, {"reason", "its descriptors are gone"}});
      record.state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);
      using keeper::DepositKind;
      daemon_.release({keeper::kind_bit(DepositKind::Request) | keeper::kind_bit(DepositKind::Reply) |
                           keeper::kind_bit(DepositKind::SessionBell) | keeper::kind_bit(DepositKind::Lifeline),
                       serial, std::nullopt});
      continue;
    }
    Entry& entry = *sessions_[index];
    watch_lifeline(entry);
    attach(entry, [] {});
    if (cold) {
      begin_end(entry, Cause::Lost);
    } else if (state == LedgerState::Ending) {
      begin_end(entry, Cause::Cancelled);
    } else if (entry.session.internal()) {
      predecessors(entry.session);
    }
  }
}

void SessionDesk::fill_status(control::v1::Status& status) const {
  for (const auto& [index, entry] : sessions_) {
    const Session& session = entry->session;
    control::v1::SessionStatus& one = *status.add_sessions();
    one.set_serial(session.serial);
    one.set_index(session.index);
    one.set_pool(session.pool_name);
    one.set_uid(session.uid);
    one.set_client(session.client);
    one.set_state(to_string(session.state));
    one.set_slots(session.geometry.slots);
    one.set_bytes(session.bytes());
    one.set_internal(session.internal());
    unsigned queued = 0;
    unsigned running = 0;
    for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
      const SlotWord word(session.reply.word(slot).load(std::memory_order_relaxed));
      if (word.state() == SlotState::Ready) ++queued;
      if (word.is_owned()) ++running;
    }
    one.set_queued(queued);
    one.set_running(running);
  }
}

}  // namespace ringmaster
