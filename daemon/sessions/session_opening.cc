#include "daemon/sessions/session_opening.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "base/text.h"
#include "daemon/ports/same_pool.h"
#include "daemon/sessions/segments.h"
#include "daemon/sessions/session_deposits.h"
#include "daemon/sessions/work_refusal.h"
#include "shm/memfd.h"

namespace ringmaster::daemon {
namespace {

constexpr core::Duration kOpeningLimit = std::chrono::seconds{30};
constexpr std::size_t kMaxClientName = 80;

RequestRefusal ended_meanwhile() { return {RefusalCode::SessionBroken, "the session ended while it was opened"}; }

std::uint64_t since_boot(core::TimePoint now) { return static_cast<std::uint64_t>(now.time_since_epoch().count()); }

core::Bytes bytes_of(const shm::SessionGeometry& geometry) {
  return core::Bytes{geometry.request_segment_bytes() + geometry.reply_segment_bytes()};
}

RequestRefusal ring_too_large(const GrantedRings& granted, const std::string& pool) {
  return {RefusalCode::TooLarge,
          "a ring of " + to_string(core::Bytes{granted.asked}) + " was asked for, pool \"" + pool + "\" allows " +
              to_string(core::Bytes{granted.limit}) +
              "; ask for less or raise session.request_ring_max / result_ring_max",
          granted.asked, granted.limit};
}

}  // namespace

void SessionOpening::open(const Peer& peer, SessionWish wish, const SessionAsker& asker) {
  const PoolDirectory pools = rooms_.daemon.pools();
  PoolPort* pool = pools.named(wish.pool, peer.uid);
  if (pool == nullptr) return asker(RequestRefusal{RefusalCode::UnknownPool, pools.no_such(wish.pool, peer.uid)});
  if (wish.shortest_run_ms != 0 && wish.shortest_run_ms < kShortestRunMs) {
    return asker(
        RequestRefusal{RefusalCode::BadRequest, "a run deadline below 10 ms cannot be kept; ask for at least 10 ms"});
  }
  wish.client = clean_text(wish.client, kMaxClientName);
  // Right after the pool's start a client waits for the first worker, so that it gets to know the handlers. It makes
  // its session while that worker is getting ready.
  if (pool->handlers_told()) return open_in(*pool, peer, wish, asker);
  pool->when_handlers_told([this, waited_for = SamePool(rooms_.daemon, *pool), peer, wish = std::move(wish), asker] {
    if (PoolPort* there = waited_for.find()) return open_in(*there, peer, wish, asker);
    asker(RequestRefusal{RefusalCode::UnknownPool, rooms_.daemon.pools().no_such(wish.pool, peer.uid)});
  });
}

void SessionOpening::open_in(PoolPort& pool, const Peer& peer, const SessionWish& wish, const SessionAsker& asker) {
  const auto admitted = admit(pool, peer, wish.rings);
  if (!admitted) return asker(RequestRefusal(admitted.error()));
  const auto built = build(pool, peer, *admitted, 0);
  if (!built) {
    rooms_.quota.close_session(peer.uid, admitted->slots);
    rooms_.quota.release_bytes(peer.uid, bytes_of(*admitted));
    return asker(RequestRefusal{RefusalCode::NoMemory, built.error().message});
  }
  SessionEntry& entry = **built;
  entry.connection = peer.connection;
  entry.session.client = wish.client;
  entry.session.shortest_run_ms =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(wish.shortest_run_ms, 0xFFFFFFFFU));
  // Deposited before the client gets any descriptor: then the last close, which may block, is never done by this
  // process.
  deposit_session(rooms_.daemon, entry.session, [this, serial = entry.session.serial, asker](bool held) {
    SessionEntry* now = still(serial, SessionState::Opening);
    if (now == nullptr) return asker(ended_meanwhile());
    if (held) return hand_out(*now, asker);
    asker(RequestRefusal{RefusalCode::NoMemory, "the keeper's table of descriptors is full; close some sessions"});
    rooms_.ending.begin(*now, Cause::Cancelled);
  });
}

OrRefusal<shm::SessionGeometry> SessionOpening::admit(const PoolPort& pool, const Peer& peer, const RingWish& wish) {
  if (auto refused = work_refusal(rooms_.daemon, pool, peer.uid)) return std::move(*refused);
  const GrantedRings granted = grant_rings(pool.config().session, wish);
  if (granted.too_large) return ring_too_large(granted, pool.config().name);
  const core::Bytes bytes = bytes_of(granted.geometry);
  rooms_.ending.end_those_with_holes();
  core::GrantQuestion memory = ports_.memory(peer.uid, bytes);
  memory.from_kept = peer.admin;
  if (const auto refused = core::judge_grant(memory)) {
    return RequestRefusal{RefusalCode::NoMemory, to_string(*refused), bytes.value, refused->limit.value};
  }
  if (const auto refused = rooms_.quota.open_session(ports_.timers.now(), peer.uid, granted.geometry.slots, bytes)) {
    return RequestRefusal{RefusalCode::Quota, to_string(*refused), refused->asked, refused->limit};
  }
  return granted.geometry;
}

Result<SessionEntry*> SessionOpening::build(PoolPort& pool, const Peer& peer, const shm::SessionGeometry& geometry,
                                            std::uint32_t supervisor) {
  if (!core::session_fits(rooms_.table.taken(), shm::kMaxSessions, supervisor != 0 || peer.admin)) {
    return Error{"the daemon serves as many sessions as it can; close some, or share one between threads"};
  }
  auto entry = std::make_unique<SessionEntry>();
  entry->pool = &pool;
  Session& session = entry->session;
  session.index = rooms_.table.next_place();
  session.serial = rooms_.ledger.next_serial();
  session.uid = peer.uid;
  session.pid = peer.pid;
  session.pool = pool.index();
  session.pool_name = pool.config().name;
  session.geometry = geometry;
  session.supervisor = supervisor;
  session.opened_ns = since_boot(ports_.timers.now());
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
  return &rooms_.table.add(std::move(entry));
}

void SessionOpening::hand_out(SessionEntry& entry, const SessionAsker& asker) {
  const Session& session = entry.session;
  const PoolPort& pool = *entry.pool;
  SessionOffer offer{
      {session.serial, session.cookie}, session.index, session.geometry, handlers_view(pool), pool.config().spin};
  offer.ends = ends_for_client(session, pool.board_fd(), std::move(entry.client_lifeline));
  if (offer.ends.empty()) {
    asker(RequestRefusal{RefusalCode::Internal,
                         "the daemon has no descriptor left for a session; close some or raise its limit"});
    return rooms_.ending.begin(entry, Cause::Cancelled);
  }
  rooms_.ending.watch_lifeline(entry);
  limit_time(entry);
  offer.clock_ns = since_boot(ports_.timers.now());
  asker(std::move(offer));
}

void SessionOpening::limit_time(SessionEntry& entry) {
  entry.opening_timer = ports_.timers.after(kOpeningLimit, [this, serial = entry.session.serial] {
    SessionEntry* late = still(serial, SessionState::Opening);
    if (late == nullptr) return;
    late->opening_timer.reset();
    rooms_.ending.begin(*late, Cause::Cancelled);
  });
}

void SessionOpening::mapped(const Peer& peer, std::uint32_t serial, SessionAsker asker) {
  SessionEntry* entry = rooms_.table.of_client(peer.uid, serial);
  if (entry == nullptr || entry->connection != peer.connection || entry->session.state != SessionState::Opening ||
      entry->sealing) {
    return asker(RequestRefusal{RefusalCode::UnknownSession,
                                "session " + std::to_string(serial) + " is not being opened on this connection"});
  }
  entry->sealing = true;
  ports_.seal(peer.uid, entry->session.request_fd.get(),
              [this, serial, asker = std::move(asker)](const Result<void>& done) { sealed(serial, done, asker); });
}

void SessionOpening::sealed(std::uint32_t serial, const Result<void>& sealed, const SessionAsker& asker) {
  SessionEntry* entry = still(serial, SessionState::Opening);
  if (entry == nullptr) return asker(ended_meanwhile());
  if (!sealed) {
    asker(RequestRefusal{RefusalCode::SessionBroken, "the request segment cannot be sealed (" + sealed.error().message +
                                                         "); a client must not add seals"});
    return rooms_.ending.begin(*entry, Cause::Cancelled);
  }
  if (entry->opening_timer) ports_.timers.cancel(*entry->opening_timer);
  entry->opening_timer.reset();
  if (entry->pool->handlers_known()) return enter(*entry, asker);
  entry->pool->when_handlers_known([this, serial, asker] {
    SessionEntry* waited = still(serial, SessionState::Opening);
    if (waited == nullptr) return asker(ended_meanwhile());
    auto refused = work_refusal(rooms_.daemon, *waited->pool, waited->session.uid);
    if (!refused) return enter(*waited, asker);
    asker(std::move(*refused));
    rooms_.ending.begin(*waited, Cause::Cancelled);
  });
}

void SessionOpening::enter(SessionEntry& entry, const SessionAsker& asker) {
  entry.session.state = SessionState::Attaching;
  attach(
      entry, [serial = entry.session.serial, asker](SessionEntry&) { asker(SessionReady{serial}); },
      [asker] { asker(ended_meanwhile()); });
}

void SessionOpening::attach(SessionEntry& entry, std::function<void(SessionEntry&)> open, std::function<void()> ended) {
  rooms_.ledger.publish(entry.session);
  entry.pool->attach(entry.session,
                     [this, serial = entry.session.serial, open = std::move(open), ended = std::move(ended)] {
                       SessionEntry* ready = still(serial, SessionState::Attaching);
                       if (ready == nullptr) return ended();
                       ready->session.state = SessionState::Open;
                       open(*ready);
                     });
}

void SessionOpening::resume(const Peer& peer, const SessionKey& key, const SessionAsker& asker) {
  const SessionEntry* entry = rooms_.table.of_client(peer.uid, key.serial);
  if (entry == nullptr || entry->session.cookie != key.cookie || entry->session.state == SessionState::Closing ||
      entry->session.state == SessionState::Opening) {
    return asker(RequestRefusal{RefusalCode::UnknownSession,
                                "session " + std::to_string(key.serial) + " is not known (any more); open a new one"});
  }
  asker(SessionResumed{key.serial, handlers_view(*entry->pool)});
}

Session* SessionOpening::open_internal(PoolPort& pool, std::uint32_t uid, const shm::SessionGeometry& geometry,
                                       std::string& why) {
  const auto built = build(pool, Peer{.uid = uid}, geometry, rooms_.daemon.supervisor_incarnation());
  if (!built) {
    why = built.error().message;
    return nullptr;
  }
  SessionEntry& entry = **built;
  // Our own mapping stays writable. Without the seal a worker could reopen the segment and forge a job's submitter.
  if (auto sealed = shm::seal_future_writes(entry.session.request_fd.get()); !sealed) {
    why = sealed.error().message;
    rooms_.ending.begin(entry, Cause::Lost);
    return nullptr;
  }
  entry.session.client = "ringmaster-supervisor";
  entry.session.state = SessionState::Attaching;
  // Published only when the keeper holds it; jobs that are queued until then wait in the segment.
  deposit_session(rooms_.daemon, entry.session, [this, serial = entry.session.serial](bool held) {
    SessionEntry* now = still(serial, SessionState::Attaching);
    if (now == nullptr) return;
    if (!held) return rooms_.ending.begin(*now, Cause::Lost);
    attach(
        *now, [](SessionEntry& ready) { ready.pool->call(); }, [] {});
  });
  return &entry.session;
}

SessionEntry* SessionOpening::still(std::uint32_t serial, SessionState state) const {
  SessionEntry* entry = rooms_.table.with_serial(serial);
  return entry != nullptr && entry->session.state == state ? entry : nullptr;
}

}  // namespace ringmaster::daemon
