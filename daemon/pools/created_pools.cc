#include "daemon/pools/created_pools.h"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/config/stock_list.h"
#include "daemon/log/log.h"
#include "daemon/machine/process_rights.h"
#include "daemon/pool/pool_fds.h"
#include "daemon/pool/startable.h"
#include "daemon/pools/created_entry.h"
#include "daemon/sessions/segments.h"
#include "shm/control_record.h"
#include "shm/lane_record.h"
#include "shm/mapping.h"

namespace ringmaster::daemon {

using keeper::DepositKind;
using Event = core::CreatedLife::Event;
using Effect = core::CreatedLife::Effect;
using State = core::CreatedLife::State;

namespace {

RequestRefusal no_room() {
  return {RefusalCode::NoMemory, "the daemon has as many pools, or workers of pools, as it can; drop some"};
}

RefusalCode code_of(core::CreationRefusal refusal) {
  switch (refusal) {
    case core::CreationRefusal::NotOffered:
    case core::CreationRefusal::AnotherUser:
      return RefusalCode::NotAllowed;
    case core::CreationRefusal::NameLeaving:
      return RefusalCode::Draining;
    case core::CreationRefusal::BadName:
    case core::CreationRefusal::NameTaken:
      break;
  }
  return RefusalCode::BadArgument;
}

RequestRefusal not_created(Event why, std::string stopping) {
  if (!stopping.empty()) return {RefusalCode::Draining, std::move(stopping)};
  if (why != Event::NotHeld) return {RefusalCode::UnknownPool, "the pool was dropped while it was created"};
  return {RefusalCode::NoMemory, "the keeper's table of descriptors is full; drop pools, or close some sessions"};
}

}  // namespace

core::Bytes pool_bytes(const config::PoolConfig& config, std::size_t text_bytes) {
  const std::uint64_t of_seat = sizeof(shm::LaneRecord) + sizeof(shm::ControlRecord);
  return core::Bytes{text_bytes + sizeof(shm::BoardRecord) + seats_of(config) * of_seat};
}

void release_pool_deposits(Keeper& keeper, std::uint32_t index) {
  const std::uint32_t kinds = keeper::kind_bit(DepositKind::Board) | keeper::kind_bit(DepositKind::PoolBell) |
                              keeper::kind_bit(DepositKind::Handlers) | keeper::kind_bit(DepositKind::PoolText) |
                              keeper::kind_bit(DepositKind::PoolLifeline);
  keeper.release_later({kinds, index, std::nullopt});
}

CreatedPools::CreatedPools(const Rooms& rooms, Terms terms)
    : rooms_(rooms),
      terms_(std::move(terms)),
      look_([&host = rooms.host](auto action) { host.loop().post(std::move(action)); }, [this] { look(); }) {}

CreatedPools::~CreatedPools() = default;

std::optional<RequestRefusal> CreatedPools::judge(const Peer& peer, const PoolWish& wish) const {
  if (std::string why = rooms_.daemon.refusal(); !why.empty()) return RequestRefusal{RefusalCode::Draining, why};
  core::CreationQuestion question;
  question.creator = peer.uid;
  question.daemon = terms_.own.uid;
  question.offered = rooms_.quota.limits().pools_per_uid.value_or(0) != 0;
  question.name = wish.name;
  const Entry* const same = find(peer, {core::created_pool_name(peer.uid, wish.name)});
  question.taken = same != nullptr;
  question.leaving = same != nullptr && same->life.state() > State::Serving;
  const auto refused = core::judge_creation(question);
  if (!refused) return std::nullopt;
  return RequestRefusal{code_of(*refused), core::to_string(*refused, question)};
}

void CreatedPools::create(const Peer& peer, PoolWish wish, Created done) {
  if (auto refused = judge(peer, wish)) return done(std::move(*refused));
  auto prepared = prepare(peer, wish);
  if (!prepared) return done(prepared.error());
  Entry& entry = **prepared;
  entry.creating = std::move(done);
  entries_[entry.place.index] = std::move(*prepared);
  deposit(entry);
}

// All that can fail at once, in the order in which it is undone: nothing stands in the ledger yet.
OrRefusal<std::unique_ptr<CreatedPools::Entry>> CreatedPools::prepare(const Peer& peer, const PoolWish& wish) {
  const auto rights = rights_of(static_cast<pid_t>(peer.pid), peer.uid);
  if (!rights) return RequestRefusal{RefusalCode::NotAllowed, rights.error().message};
  config::World world = config::real_world();
  config::PoolText text{
      wish.name,        wish.text,
      wish.folder,      to_text(stock_list(world)),
      wish.workers,     wish.most_workers,
      wish.min_workers, {peer.uid, peer.gid, {peer.groups.begin(), peer.groups.end()}, rights->nice, rights->limits}};
  auto parsed = config::parse_pool(text, world, terms_.own, rooms_.host.usable_cpus(), false);
  if (!parsed.config) {
    return RequestRefusal{RefusalCode::BadArgument,
                          config::render_problems("the pool's configuration", parsed.problems)};
  }
  config::PoolConfig& config = *parsed.config;
  if (const auto startable = check_startable(config, rooms_.host.stock_worker()); !startable) {
    return RequestRefusal{RefusalCode::BadArgument, startable.error().message};
  }
  const unsigned seats = seats_of(config);
  const core::Bytes bytes = pool_bytes(config, text.text.size());
  if (const auto refused = rooms_.quota.open_pool(peer.uid, seats, bytes)) {
    return RequestRefusal{RefusalCode::Quota, core::to_string(*refused), refused->asked, refused->limit};
  }
  const auto uncharge = [&](RequestRefusal refusal) {
    rooms_.quota.close_pool(peer.uid, seats, bytes);
    return refusal;
  };
  const auto place = rooms_.pools.places().take(seats);
  if (!place) return uncharge(no_room());
  auto entry = std::make_unique<Entry>(rooms_.host.ledger(), place->index, State::Created);
  entry->place = *place;
  entry->config = std::move(config);
  entry->bytes = bytes;
  if (auto refused = build(*entry, text)) {
    rooms_.pools.places().give_back(place->index);
    return uncharge(std::move(*refused));
  }
  return {boost::system::in_place_value, std::move(entry)};
}

std::optional<RequestRefusal> CreatedPools::build(Entry& entry, const config::PoolText& text) {
  const auto no_memory = [](const Error& error) { return RequestRefusal{RefusalCode::NoMemory, error.message}; };
  auto kept = config::write_pool_text(text);
  if (!kept) return no_memory(kept.error());
  auto fds = create_pool_fds(entry.place.index);
  if (!fds) return no_memory(fds.error());
  auto lifeline = create_lifeline();
  if (!lifeline) return no_memory(lifeline.error());
  entry.text = std::move(*kept);
  entry.fds = std::move(*fds);
  entry.lifeline = std::move(lifeline->ours);
  entry.owners_end = std::move(lifeline->theirs);
  return std::nullopt;
}

void CreatedPools::deposit(Entry& entry) {
  const std::uint32_t index = entry.place.index;
  const std::uint32_t serial = entry.record.begin(entry.place, entry.owner(), config::range_of(entry.config));
  const std::array labels{keeper::make_label(DepositKind::Board, index),
                          keeper::make_label(DepositKind::PoolBell, index),
                          keeper::make_label(DepositKind::PoolText, index, serial),
                          keeper::make_label(DepositKind::PoolLifeline, index, serial)};
  const std::array fds{entry.fds.board.get(), entry.fds.bell.get(), entry.text.get(), entry.lifeline.get()};
  rooms_.host.keeper().deposit(labels, fds, [this, index, serial](int error) {
    const auto at = entries_.find(index);
    if (at == entries_.end() || at->second->record.text_serial() != serial) return;
    tell(*at->second, error == 0 ? Event::Held : Event::NotHeld);
  });
}

void CreatedPools::tell(Entry& entry, Event event) {
  const State before = entry.life.state();
  const auto effects = entry.life.handle(event);
  if (entry.life.state() != before) entry.record.note(entry.life.state());
  for (const Effect effect : effects) {
    switch (effect) {
      case Effect::Serve:
        serve(entry);
        break;
      case Effect::Refuse:
        refuse(entry, not_created(event, rooms_.daemon.refusal()));
        break;
      case Effect::Drain:
        drain(entry);
        break;
      case Effect::EndSessions:
        rooms_.sessions.end_all_on(entry.place.index, Cause::PoolRemoved);
        look_.ask();
        break;
      case Effect::Forget:
        forget(entry);
        break;
    }
  }
}

// The deadline stands before the state that makes it count.
void CreatedPools::remove(Entry& entry, core::Duration timeout) {
  const State state = entry.life.state();
  if (state == State::Serving || state == State::Draining) {
    entry.record.note_deadline(rooms_.host.loop().now() + timeout);
  }
  tell(entry, Event::Unwanted);
}

void CreatedPools::serve(Entry& entry) {
  auto pool = std::make_unique<Pool>(rooms_.host, entry.config, entry.place.index,
                                     static_cast<std::uint16_t>(entry.place.first_worker));
  auto opened = pool->open(std::move(entry.fds));
  entry.text.reset();
  if (!opened) {
    refuse(entry, {RefusalCode::NoMemory, opened.error().message});
    return remove(entry, core::Duration{0});
  }
  log_info("pool created", {{"pool", entry.config.name},
                            {"uid", entry.owner()},
                            {"workers", entry.config.workers},
                            {"min_workers", config::range_of(entry.config).min},
                            {"most_workers", seats_of(entry.config) - entry.config.spares},
                            {"spares", entry.config.spares}});
  rooms_.pools.add(std::move(pool)).start();
  watch_owner(entry);
  // Whoever is not there any more has closed it with that.
  if (entry.creating)
    std::exchange(entry.creating, nullptr)(PoolOffer{entry.config.name, id_of(entry), std::move(entry.owners_end)});
  entry.owners_end.reset();
}

void CreatedPools::refuse(Entry& entry, RequestRefusal refusal) const {
  if (entry.creating) std::exchange(entry.creating, nullptr)(std::move(refusal));
}

// Readable means the farewell, a hang-up, or bytes that nobody asked for: each ends it, none is read.
void CreatedPools::watch_owner(Entry& entry) {
  entry.watch = std::make_unique<FdWatch>(rooms_.host.loop(), entry.lifeline.get(), [this, &entry] {
    entry.watch.reset();
    lose_owner(entry);
  });
}

void CreatedPools::lose_owner(Entry& entry) {
  log_info("the owner of a pool is gone", {{"pool", entry.config.name}, {"uid", entry.owner()}});
  remove(entry, terms_.drain_timeout);
}

void CreatedPools::stop() {
  for (const auto& [index, entry] : entries_) {
    if (entry->life.state() == State::Created) remove(*entry, core::Duration{0});
  }
}

void CreatedPools::drain(Entry& entry) {
  const core::Duration left = std::max(entry.record.deadline() - rooms_.host.loop().now(), core::Duration::zero());
  if (Pool* pool = rooms_.pools.numbered(entry.place.index)) pool->remove(left);
  log_info("pool is removed", {{"pool", entry.config.name}, {"uid", entry.owner()}, {"running_jobs_have", left}});
  look_.ask();
}

void CreatedPools::look() {
  for (const auto& [index, entry] : entries_) {
    if (entry->life.state() == State::Draining) {
      const Pool* pool = rooms_.pools.numbered(index);
      const bool stopped = pool == nullptr || pool->drain_state() == core::Drain::State::Stopped;
      if (stopped) tell(*entry, Event::WorkersGone);
    }
    if (entry->life.state() == State::Removing && !rooms_.sessions.any_on(index)) tell(*entry, Event::SessionsGone);
  }
}

// In turns of their own: what its last callers still hold of the pool, then our own copies of what the keeper has. From
// now on nobody else finds it, so that no turn after these has it.
void CreatedPools::forget(Entry& entry) {
  const std::uint32_t index = entry.place.index;
  entry.watch.reset();
  rooms_.pools.close(index);
  rooms_.host.loop().post([this, index] {
    rooms_.pools.remove(index);
    Entry& gone = *entries_.at(index);
    gone.fds = {};
    gone.text.reset();
    gone.lifeline.reset();
    gone.owners_end.reset();
    release_pool_deposits(rooms_.host.keeper(), index);
    rooms_.host.loop().post([this, index] { forgotten(index); });
  });
}

void CreatedPools::forgotten(std::uint32_t index) {
  const auto node = entries_.extract(index);
  Entry& gone = *node.mapped();
  gone.record.clear();
  rooms_.pools.places().give_back(index);
  rooms_.quota.close_pool(gone.owner(), gone.place.seats, gone.bytes);
  log_info("pool removed", {{"pool", gone.config.name}, {"uid", gone.owner()}});
  for (const Dropped& done : gone.dropping) done(std::nullopt);
  rooms_.host.pool_changed();
}

CreatedPools::Entry* CreatedPools::find(const Peer& peer, const MeantPool& meant) const {
  const std::string own = core::created_pool_name(peer.uid, meant.name);
  for (const auto& [index, entry] : entries_) {
    const bool named = entry->config.name == meant.name || entry->config.name == own;
    const bool itself = meant.id == 0 || meant.id == id_of(*entry);
    if (named && itself && (peer.admin || entry->owner() == peer.uid)) return entry.get();
  }
  return nullptr;
}

RequestRefusal CreatedPools::no_such(const Peer& peer, const MeantPool& meant) const {
  if (meant.id != 0 && find(peer, {meant.name}) != nullptr) {
    return {RefusalCode::UnknownPool, "that pool is gone, and another one has its name"};
  }
  return {RefusalCode::UnknownPool, rooms_.daemon.pools().no_such(meant.name, peer.uid)};
}

// A daemon never uses a serial again, and each begins at another nanosecond. (Its daemon_id changes with a cold start,
// which a pool outlives.)
std::uint64_t CreatedPools::id_of(const Entry& entry) const {
  return rooms_.host.ledger().daemon_started_ns << 32 | entry.record.text_serial();
}

void CreatedPools::drop(const Peer& peer, const MeantPool& meant, std::optional<core::Duration> timeout, Dropped done) {
  Entry* entry = find(peer, meant);
  if (entry == nullptr) return done(no_such(peer, meant));
  entry->dropping.push_back(std::move(done));
  remove(*entry, timeout.value_or(terms_.drain_timeout));
}

std::optional<RequestRefusal> CreatedPools::resize(const Peer& peer, const MeantPool& meant,
                                                   core::WorkerRange workers) {
  Entry* entry = find(peer, meant);
  Pool* pool = entry != nullptr ? rooms_.pools.numbered(entry->place.index) : nullptr;
  if (pool == nullptr) return no_such(peer, meant);
  if (std::string why = pool->refusal(); !why.empty() && entry->life.state() != State::Serving) {
    return RequestRefusal{RefusalCode::Draining, std::move(why)};
  }
  const std::uint32_t most = entry->place.seats - entry->config.spares;
  switch (core::judge_resize(workers, most)) {
    case core::ResizeRefusal::NoWorkers:
      return RequestRefusal{RefusalCode::BadArgument, "a pool needs at least one worker; drop it if none is wanted"};
    case core::ResizeRefusal::TooMany:
      return RequestRefusal{RefusalCode::TooLarge,
                            "pool \"" + entry->config.name + "\" was created for at most " + std::to_string(most) +
                                " workers; create another one for more",
                            workers.max, most};
    case core::ResizeRefusal::Crossed:
      return RequestRefusal{
          RefusalCode::BadArgument,
          "at least " + std::to_string(workers.min) + " workers are more than at most " + std::to_string(workers.max)};
    case core::ResizeRefusal::None:
      break;
  }
  log_info("pool resized", {{"pool", entry->config.name}, {"workers", workers.max}, {"min_workers", workers.min}});
  entry->record.note_workers(workers);
  pool->resize(workers);
  return std::nullopt;
}

}  // namespace ringmaster::daemon
