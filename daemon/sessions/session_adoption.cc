#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "daemon/log/log.h"
#include "daemon/sessions/granted_memory.h"
#include "daemon/sessions/session_desk.h"
#include "daemon/sessions/session_factory.h"
#include "shm/memfd.h"
#include "shm/port/verdict.h"

// The rest of SessionDesk: sessions seen by the pool side, the supervisor's own, what a successor takes up, the status.
namespace ringmaster {
namespace {

SessionView view_of(const Session& session) {
  SessionView view;
  view.serial = session.serial;
  view.index = session.index;
  view.pool = session.pool_name;
  view.uid = session.uid;
  view.client = session.client;
  view.state = to_string(session.state);
  view.slots = session.geometry.slots;
  view.bytes = core::Bytes{session.bytes()};
  view.internal = session.internal();
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    const SlotWord word(session.reply.word(slot).load(std::memory_order_relaxed));
    if (word.state() == SlotState::Ready) ++view.queued;
    if (word.is_owned()) ++view.running;
  }
  return view;
}

}  // namespace

void SessionDesk::for_each(std::uint32_t pool, const std::function<void(Session&)>& visit) {
  for (auto& [index, entry] : sessions_) {
    if (entry->session.pool == pool && entry->session.state != SessionState::Opening) visit(entry->session);
  }
}

void SessionDesk::for_each(const std::function<void(const Session&)>& visit) const {
  for (const auto& [index, entry] : sessions_) visit(entry->session);
}

void SessionDesk::deposit(Entry& entry, std::function<void(bool)> done) {
  using keeper::DepositKind;
  const Session& session = entry.session;
  std::vector<keeper::DepositLabel> labels;
  std::vector<int> fds;
  const auto add = [&](DepositKind kind, const UniqueFd& fd) {
    if (!fd.valid()) return;
    labels.push_back(keeper::make_label(kind, session.serial, session.index));
    fds.push_back(fd.get());
  };
  add(DepositKind::Request, session.request_fd);
  add(DepositKind::Reply, session.reply_fd);
  add(DepositKind::SessionBell, session.bell);
  add(DepositKind::Lifeline, session.lifeline);
  daemon_.deposit(labels, fds, std::move(done));
}

void SessionDesk::write_ledger(const Entry& entry) {
  const Session& session = entry.session;
  LedgerSession& record = daemon_.ledger().sessions[session.index];
  record.serial = session.serial;
  record.uid = session.uid;
  record.pool = session.pool;
  record.slots = session.geometry.slots;
  record.pid = session.pid;
  record.request_ring_bytes = session.geometry.request_ring_bytes;
  record.result_ring_bytes = session.geometry.result_ring_bytes;
  record.cookie[0] = session.cookie[0];
  record.cookie[1] = session.cookie[1];
  record.shortest_run_ms = session.shortest_run_ms;
  record.supervisor = session.supervisor;
  record.opened_ns = session.opened_ns;
  std::fill(std::begin(record.client), std::end(record.client), '\0');
  session.client.copy(record.client, sizeof record.client - 1);
  // SYNC: release: a successor that reads Live reads the rest (this thread may die between any two stores).
  record.state.store(static_cast<std::uint32_t>(LedgerState::Live), std::memory_order_release);
}

void SessionDesk::end(std::uint16_t index, std::uint32_t serial, Cause cause) {
  const auto at = sessions_.find(index);
  if (at != sessions_.end() && at->second->session.serial == serial) begin_end(*at->second, cause);
}

void SessionDesk::end_those_with_holes() {
  if (loop_.now() - holes_looked_ < std::chrono::milliseconds{100}) return;
  holes_looked_ = loop_.now();
  for (auto& [index, entry] : sessions_) {
    Session& session = entry->session;
    if (session.internal() || !gave_back_pages(session)) continue;
    broken(index, session.serial, "it gave back pages of its memory, which workers would have to pay for");
  }
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

Session* SessionDesk::open_internal(PoolGate& pool, std::uint32_t uid, const SessionGeometry& geometry,
                                    std::string& why) {
  auto created = create(pool, Peer{.uid = uid}, geometry, daemon_.supervisor_incarnation());
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
      ready->pool->call();
    });
  });
  return &entry.session;
}

Result<void> SessionDesk::adopt_one(std::uint16_t index,
                                    const std::function<UniqueFd(keeper::DepositKind, std::uint32_t)>& take) {
  using keeper::DepositKind;
  const LedgerSession& record = daemon_.ledger().sessions[index];
  PoolGate* pool = daemon_.pools().numbered(record.pool);
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
  if (pool == nullptr) return Error{"its pool is gone"};
  if (!session.request_fd.valid() || !session.reply_fd.valid() || !session.bell.valid() ||
      session.lifeline.valid() == session.internal()) {
    return Error{"its descriptors are not all there"};
  }
  session.pool_name = pool->config().name;
  if (auto mapped = map_segments(session, true); !mapped) return mapped;
  session.state = SessionState::Open;
  if (!session.internal()) {
    const core::Bytes bytes{session.bytes()};
    if (const auto refused = quota_.open_session(loop_.now(), session.uid, session.geometry.slots, bytes)) {
      return Error{to_string(*refused)};
    }
  }
  sessions_[index] = std::move(entry);
  return {};
}

// Everybody lets go of it: the client sees it in its lifeline, the workers are told, its uid pays until they have.
void SessionDesk::lose(std::uint16_t index, const std::string& why) {
  LedgerSession& record = daemon_.ledger().sessions[index];
  log_warning("session lost", {{"session", record.serial}, {"uid", record.uid}, {"reason", why}});
  record.state.store(static_cast<std::uint32_t>(LedgerState::Ending), std::memory_order_release);  // SYNC: as forget.
  release(record.serial);
  const SessionGeometry geometry{record.slots, record.request_ring_bytes, record.result_ring_bytes};
  Lost& lost = lost_[index];
  lost = {record.serial, record.uid, record.slots, {}, false};
  if (record.supervisor == 0 && geometry.valid()) {
    lost.bytes = core::Bytes{geometry.request_segment_bytes() + geometry.reply_segment_bytes()};
    lost.charged = !quota_.open_session(loop_.now(), lost.uid, lost.slots, lost.bytes);
  }
  PoolGate* pool = daemon_.pools().numbered(record.pool);
  if (pool == nullptr) return let_go_by_all(index);
  pool->detach(index, record.serial, [this, index] { let_go_by_all(index); });
}

// No worker has it mapped any more.
void SessionDesk::let_go_by_all(std::uint16_t index) {
  const auto at = lost_.find(index);
  LedgerSession& record = daemon_.ledger().sessions[index];
  if (record.serial == at->second.serial) {
    record.state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);  // SYNC: as forget.
  }
  if (at->second.charged) {
    quota_.close_session(at->second.uid, at->second.slots);
    quota_.release_bytes(at->second.uid, at->second.bytes);
  }
  lost_.erase(at);
}

void SessionDesk::adopt(const std::function<UniqueFd(keeper::DepositKind, std::uint32_t serial)>& take, bool cold,
                        const std::function<void(Session&)>& predecessors) {
  for (std::uint16_t index = 0; index < kMaxSessions; ++index) {
    LedgerSession& record = daemon_.ledger().sessions[index];
    // SYNC: acquire, pairs with write_ledger of the predecessor.
    const auto state = static_cast<LedgerState>(record.state.load(std::memory_order_acquire));
    if (state == LedgerState::Empty) continue;
    if (const auto adopted = adopt_one(index, take); !adopted) {
      lose(index, adopted.error().message);
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

std::vector<SessionView> SessionDesk::views() const {
  std::vector<SessionView> views;
  for (const auto& [index, entry] : sessions_) views.push_back(view_of(entry->session));
  return views;
}

}  // namespace ringmaster
