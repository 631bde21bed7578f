#include "daemon/sessions/session_desk.h"
#include "base/monotonic_clock.h"

#include <fcntl.h>

#include <algorithm>

#include "base/text.h"
#include "daemon/log/log.h"
#include "daemon/loop/closer.h"
#include "daemon/ports/handlers_view.h"
#include "daemon/sessions/granted_memory.h"
#include "daemon/sessions/session_factory.h"
#include "daemon/sessions/work_refusal.h"
#include "shm/memfd.h"
#include "shm/port/verdict.h"

namespace ringmaster {
namespace {

using std::chrono::seconds;

constexpr core::Duration kOpeningLimit = seconds{30};
constexpr std::size_t kMaxClientName = 80;

void refuse(const SessionAsker& asker, RefusalCode code, std::string why, std::uint64_t needed = 0,
            std::uint64_t limit = 0) {
  asker(RequestRefusal{code, std::move(why), needed, limit});
}

UniqueFd duplicate(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

void end_ready_jobs(const Session& session, Cause cause) {
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    // SYNC: acquire, pairs with the client's publish.
    const SlotWord word(session.reply.word(slot).load(std::memory_order_acquire));
    if (word.state() == SlotState::Ready) (void)end_ready(session.reply, slot, word, cause);
  }
}

}  // namespace

SessionDesk::SessionDesk(EventLoop& loop, DaemonGate& daemon, core::QuotaBook& quota)
    : loop_(loop), daemon_(daemon), quota_(quota) {}
SessionDesk::~SessionDesk() = default;

void SessionDesk::open(const Peer& peer, SessionWish wish, SessionAsker asker) {
  PoolGate* pool = daemon_.pools().named(wish.pool);
  if (pool == nullptr) return refuse(asker, RefusalCode::UnknownPool, daemon_.pools().no_such(wish.pool));
  wish.shortest_run_ms = std::min<std::uint64_t>(wish.shortest_run_ms, 0xFFFFFFFFU);
  wish.client = clean_text(wish.client, kMaxClientName);
  if (wish.shortest_run_ms != 0 && wish.shortest_run_ms < kShortestRunMs) {
    return refuse(asker, RefusalCode::BadRequest, "a run deadline below 10 ms cannot be kept; ask for at least 10 ms");
  }
  // Right after the daemon's start a client waits for the first worker rather than open without knowing the handlers.
  if (pool->handlers_known()) return do_open(peer, *pool, wish, asker);
  pool->when_handlers_known([this, peer, pool, wish, asker] { do_open(peer, *pool, wish, asker); });
}

void SessionDesk::do_open(const Peer& peer, PoolGate& pool, const SessionWish& wish, const SessionAsker& asker) {
  if (auto refused = work_refusal(daemon_, pool, peer.uid)) return asker(std::move(*refused));
  const GrantedRings granted = grant_rings(pool.config().session, wish.rings);
  if (granted.too_large) {
    return refuse(asker, RefusalCode::TooLarge,
                  "a ring of " + to_string(core::Bytes{granted.asked}) + " was asked for, pool \"" +
                      pool.config().name + "\" allows " + to_string(core::Bytes{granted.limit}) +
                      "; ask for less or raise session.request_max / reply_max",
                  granted.asked, granted.limit);
  }
  const core::Bytes bytes{granted.geometry.request_segment_bytes() + granted.geometry.reply_segment_bytes()};
  end_those_with_holes();
  core::GrantQuestion memory = look_at_memory(*this, peer.uid, bytes);
  memory.from_kept = peer.admin;
  if (const auto refused = core::judge_grant(memory)) {
    return refuse(asker, RefusalCode::NoMemory, to_string(*refused), bytes.value, refused->limit.value);
  }
  if (const auto refused = quota_.open_session(loop_.now(), peer.uid, granted.geometry.slots, bytes)) {
    return refuse(asker, RefusalCode::Quota, to_string(*refused), refused->asked, refused->limit);
  }
  auto created = create(pool, peer, granted.geometry, 0);
  if (!created) {
    quota_.close_session(peer.uid, granted.geometry.slots);
    quota_.release_bytes(peer.uid, bytes);
    return refuse(asker, RefusalCode::NoMemory, created.error().message);
  }
  Entry& entry = **created;
  Session& session = entry.session;
  session.shortest_run_ms = static_cast<std::uint32_t>(wish.shortest_run_ms);
  session.client = wish.client;
  entry.connection = peer.connection;
  // With the keeper before the client has anything of it: then the last close of it all is never this process's.
  const std::uint32_t serial = session.serial;
  deposit(entry, [this, serial, asker](bool held) {
    Entry* now = entry_of_serial(serial);
    if (now == nullptr || now->session.state != SessionState::Opening) {
      return refuse(asker, RefusalCode::SessionBroken, "the session ended while it was opened");
    }
    if (held) return hand_out(*now, asker);
    refuse(asker, RefusalCode::NoMemory, "the keeper's table of descriptors is full; close some sessions");
    begin_end(*now, Cause::Cancelled);
  });
}

void SessionDesk::hand_out(Entry& entry, const SessionAsker& asker) {
  const Session& session = entry.session;
  PoolGate& pool = *entry.pool;
  SessionOffer offer{
      {session.serial, session.cookie}, session.index, session.geometry, handlers_view(pool), pool.config().spin};
  offer.ends = ends_for_client(session, pool.board_fd(), std::move(entry.client_lifeline));
  if (offer.ends.empty()) {
    refuse(asker, RefusalCode::Internal,
           "the daemon has no descriptor left for a session; close some or raise its limit");
    return begin_end(entry, Cause::Cancelled);
  }
  watch_lifeline(entry);
  entry.opening_timer = loop_.after(kOpeningLimit, [this, serial = session.serial] {
    if (Entry* late = entry_of_serial(serial)) {
      late->opening_timer.reset();
      if (late->session.state == SessionState::Opening) begin_end(*late, Cause::Cancelled);
    }
  });
  offer.clock_ns = monotonic_ns();
  asker(std::move(offer));
}

Result<SessionDesk::Entry*> SessionDesk::create(PoolGate& pool, const Peer& peer, const SessionGeometry& geometry,
                                                std::uint32_t supervisor) {
  if (!core::session_fits(sessions_.size() + lost_.size(), kMaxSessions, supervisor != 0 || peer.admin)) {
    return Error{"the daemon serves as many sessions as it can; close some, or share one between threads"};
  }
  while (sessions_.contains(next_index_) || lost_.contains(next_index_))
    next_index_ = static_cast<std::uint16_t>((next_index_ + 1) % kMaxSessions);
  auto entry = std::make_unique<Entry>();
  entry->pool = &pool;
  Session& session = entry->session;
  session.index = next_index_;
  next_index_ = static_cast<std::uint16_t>((next_index_ + 1) % kMaxSessions);
  // Only this thread writes the ledger; a serial that is lost with a crash is skipped, never reused.
  const std::uint32_t serial = next_seq(daemon_.ledger().last_serial.load(std::memory_order_relaxed));
  daemon_.ledger().last_serial.store(serial, std::memory_order_relaxed);
  session.serial = serial;
  session.uid = peer.uid;
  session.pid = peer.pid;
  session.pool = pool.index();
  session.pool_name = pool.config().name;
  session.geometry = geometry;
  session.supervisor = supervisor;
  session.opened_ns = monotonic_ns();
  auto cookie = random_cookie();
  if (!cookie) return cookie.error();
  session.cookie = *cookie;
  if (auto made = create_segments(session); !made) return made.error();
  if (supervisor == 0) {
    auto lifeline = create_lifeline();
    if (!lifeline) return lifeline.error();
    session.lifeline = std::move(lifeline->ours);
    entry->client_lifeline = std::move(lifeline->theirs);
  }
  Entry* created = entry.get();
  sessions_[session.index] = std::move(entry);
  return created;
}

void SessionDesk::mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker) {
  Entry* entry = entry_of(peer, serial);
  if (entry == nullptr || entry->connection != peer.connection || entry->session.state != SessionState::Opening ||
      entry->sealing) {
    return refuse(asker, RefusalCode::UnknownSession,
                  "session " + std::to_string(serial) + " is not being opened on this connection");
  }
  entry->sealing = true;
  struct Sealing {
    UniqueFd fd;
    Result<void> sealed;
  };
  // Who writes to the segment by write(2) holds a lock that sealing waits for, and may hold it for as long as they
  // like.
  const auto sealing = std::make_shared<Sealing>(Sealing{duplicate(entry->session.request_fd.get()), {}});
  loop_.closer().run(
      Closer::Account::of_uid(peer.uid),
      [sealing] {
        sealing->sealed = seal_future_writes(sealing->fd.get());
        sealing->fd.reset();
      },
      [this, serial, sealing, asker] { sealed(serial, sealing->sealed, asker); });
}

void SessionDesk::sealed(std::uint32_t serial, const Result<void>& sealed, const SessionAsker& asker) {
  Entry* entry = entry_of_serial(serial);
  if (entry == nullptr || entry->session.state != SessionState::Opening) {
    return refuse(asker, RefusalCode::SessionBroken, "the session ended while it was opened");
  }
  if (!sealed) {
    refuse(asker, RefusalCode::SessionBroken,
           "the request segment cannot be sealed (" + sealed.error().message + "); a client must not add seals");
    return begin_end(*entry, Cause::Cancelled);
  }
  entry->session.state = SessionState::Attaching;
  if (entry->opening_timer) loop_.cancel(*entry->opening_timer);
  entry->opening_timer.reset();
  write_ledger(*entry);
  attach(*entry, [this, serial, asker] {
    Entry* ready = entry_of_serial(serial);
    if (ready == nullptr || ready->session.state != SessionState::Attaching) {
      return refuse(asker, RefusalCode::SessionBroken, "the session ended while it was opened");
    }
    ready->session.state = SessionState::Open;
    asker(SessionReady{serial});
  });
}

void SessionDesk::attach(Entry& entry, std::function<void()> done) {
  entry.pool->attach(entry.session, std::move(done));
}

void SessionDesk::resume(const Peer& peer, const SessionKey& key, SessionAsker asker) {
  Entry* entry = entry_of(peer, key.serial);
  if (entry == nullptr || entry->session.cookie != key.cookie || entry->session.state == SessionState::Closing ||
      entry->session.state == SessionState::Opening) {
    return refuse(asker, RefusalCode::UnknownSession,
                  "session " + std::to_string(key.serial) + " is not known (any more); open a new one");
  }
  asker(SessionResumed{key.serial, handlers_view(*entry->pool)});
}

void SessionDesk::close(const Peer& peer, const SessionKey& key, SessionAsker asker) {
  Entry* entry = entry_of(peer, key.serial);
  if (entry == nullptr || entry->session.cookie != key.cookie) {
    return refuse(asker, RefusalCode::UnknownSession, "session " + std::to_string(key.serial) + " is not known");
  }
  begin_end(*entry, Cause::Cancelled);
  asker(SessionClosed{key.serial});
}

void SessionDesk::connection_closed(std::uint64_t connection) {
  for (auto& [index, entry] : sessions_) {
    if (entry->connection == connection && entry->session.state == SessionState::Opening) {
      begin_end(*entry, Cause::Cancelled);
    }
  }
}

void SessionDesk::broken(std::uint16_t index, std::uint32_t serial, std::string_view reason) {
  const auto at = sessions_.find(index);
  if (at == sessions_.end() || at->second->session.serial != serial) return;
  Session& session = at->second->session;
  if (session.state == SessionState::Closing) return;
  log_warning("session broken by its client",
              {{"session", serial}, {"pool", session.pool_name}, {"uid", session.uid}, {"reason", reason}});
  begin_end(*at->second, Cause::ProtocolViolation);
}

void SessionDesk::watch_lifeline(Entry& entry) {
  if (!entry.session.lifeline.valid()) return;
  const std::uint32_t serial = entry.session.serial;
  // Readable means the farewell, a hang-up, or bytes that nobody asked for: each ends the session, none is read.
  entry.lifeline_watch = std::make_unique<FdWatch>(loop_, entry.session.lifeline.get(), [this, serial] {
    if (Entry* hung_up = entry_of_serial(serial)) begin_end(*hung_up, Cause::Cancelled);
  });
}

void SessionDesk::begin_end(Entry& entry, Cause cause) {
  Session& session = entry.session;
  if (session.state == SessionState::Closing) return;
  const bool published = session.state != SessionState::Opening;
  session.state = SessionState::Closing;
  entry.lifeline_watch.reset();
  if (entry.opening_timer) loop_.cancel(*entry.opening_timer);
  entry.opening_timer.reset();
  const std::uint16_t index = session.index;
  const std::uint32_t serial = session.serial;
  if (!published) return loop_.post([this, index, serial] { forget(index, serial); });

  LedgerSession& record = daemon_.ledger().sessions[index];
  // SYNC: release, as in write_ledger.
  if (record.serial == serial) {
    record.state.store(static_cast<std::uint32_t>(LedgerState::Ending), std::memory_order_release);
  }
  end_ready_jobs(session, cause);
  for (std::uint32_t slot = 0; slot < session.geometry.slots; ++slot) {
    // SYNC: acquire, pairs with the worker's claim.
    const SlotWord word(session.reply.word(slot).load(std::memory_order_acquire));
    if (word.is_owned()) entry.pool->cancel_running(index, static_cast<std::uint16_t>(slot), word.seq());
  }
  entry.pool->detach(index, serial, [this, index, serial, cause] {
    const auto at = sessions_.find(index);
    if (at == sessions_.end() || at->second->session.serial != serial) return;
    (void)ringmaster::end_all(at->second->session.reply, cause);
    forget(index, serial);
  });
}

// The last step: no worker has it mapped. Ledger first, so that a successor finds no entry without its descriptors.
void SessionDesk::forget(std::uint16_t index, std::uint32_t serial) {
  const auto at = sessions_.find(index);
  if (at == sessions_.end() || at->second->session.serial != serial) return;
  LedgerSession& record = daemon_.ledger().sessions[index];
  // SYNC: release, as in write_ledger.
  if (record.serial == serial) {
    record.state.store(static_cast<std::uint32_t>(LedgerState::Empty), std::memory_order_release);
  }
  discard(index);
  // After our own copies are closed: whoever closes the last one may have to wait for the client.
  release(serial);
}

void SessionDesk::release(std::uint32_t serial) {
  using keeper::DepositKind;
  daemon_.release({keeper::kind_bit(DepositKind::Request) | keeper::kind_bit(DepositKind::Reply) |
                       keeper::kind_bit(DepositKind::SessionBell) | keeper::kind_bit(DepositKind::Lifeline),
                   serial, std::nullopt});
}

void SessionDesk::discard(std::uint16_t index) {
  const auto at = sessions_.find(index);
  const Session& session = at->second->session;
  if (session.internal()) {
    if (internal_gone_) internal_gone_(session.serial);
  } else {
    quota_.close_session(session.uid, session.geometry.slots);
    quota_.release_bytes(session.uid, core::Bytes{session.bytes()});
  }
  sessions_.erase(at);
}

SessionDesk::Entry* SessionDesk::entry_of_serial(std::uint32_t serial) {
  for (auto& [index, entry] : sessions_) {
    if (entry->session.serial == serial) return entry.get();
  }
  return nullptr;
}

SessionDesk::Entry* SessionDesk::entry_of(const Peer& peer, std::uint32_t serial) {
  Entry* entry = entry_of_serial(serial);
  if (entry == nullptr || entry->session.internal() || entry->session.uid != peer.uid) return nullptr;
  return entry;
}

Session* SessionDesk::find(std::uint16_t index, std::uint32_t serial) {
  const auto at = sessions_.find(index);
  return at != sessions_.end() && at->second->session.serial == serial ? &at->second->session : nullptr;
}

}  // namespace ringmaster
