#include "daemon/pool/seat/session_roster.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "daemon/log/log.h"

namespace ringmaster::daemon {
namespace {

constexpr std::uint32_t key_of(shm::Owner owner) { return std::uint32_t{owner.worker} << 16 | owner.incarnation; }

// Clears an old cancel word: it names a job by its session's index, which is used again by a new session.
void forget_cancel(PoolWorker& worker, std::uint16_t index) {
  shm::Word64& cancel = worker.control().cancel;
  const auto asked = shm::Intent::unpack(cancel.load(std::memory_order_relaxed));
  if (!asked || asked->session != index) return;
  // SYNC: acquire, pairs with claim. If the worker still runs that job, it belongs to the index's previous session.
  if (worker.lane().words.intent.load(std::memory_order_acquire) == asked->pack()) return;
  cancel.store(0, std::memory_order_release);  // SYNC: before the worker can claim in the new session.
}

}  // namespace

const Session* SessionRoster::at(std::uint16_t index) const {
  const auto at = sessions_.find(index);
  return at == sessions_.end() ? nullptr : at->second;
}

const Session* SessionRoster::find(std::uint16_t index, std::uint32_t serial) const {
  const Session* session = at(index);
  return session != nullptr && session->serial == serial ? session : nullptr;
}

std::uint64_t SessionRoster::job_id_of(std::uint64_t intent_bits) const {
  const auto intent = shm::Intent::unpack(intent_bits);
  const Session* session = intent ? at(intent->session) : nullptr;
  return session != nullptr ? shm::make_job_id(session->serial, intent->seq) : 0;
}

core::Duration SessionRoster::shortest_run(core::Duration usual) const {
  core::Duration shortest = usual;
  for (const auto& [index, session] : sessions_) {
    if (session->shortest_run_ms == 0) continue;
    shortest = std::min(shortest, core::Duration{std::chrono::milliseconds{session->shortest_run_ms}});
  }
  return std::max(shortest, core::LookSchedule::shortest_run_timeout());
}

void SessionRoster::attach_to(Seat& seat, const Session& session) {
  PoolWorker& worker = *seat.process;
  if (worker.holds(session.serial)) return;
  forget_cancel(worker, session.index);
  seat.memory.give(session.serial, core::Bytes{session.bytes()});
  if (worker.send_attach(session, session.internal() || session.uid == worker_uid_)) return;
  seat.memory.returned(session.serial);
  seat.owes_attach = true;
  if (std::exchange(seat.said_owed, true)) return;
  log_error("a session cannot be given to a worker now and will be later: no descriptor is left",
            {{"pool", pool_}, {"seat", worker.name().seat}, {"session", session.serial}});
}

void SessionRoster::attach_all_to(Seat& seat) {
  for (const auto& [index, session] : sessions_) {
    if (session->state != SessionState::Closing) attach_to(seat, *session);
  }
}

void SessionRoster::attach_owed(Seat& seat) {
  if (seat.ready && std::exchange(seat.owes_attach, false)) attach_all_to(seat);
}

void SessionRoster::detach(std::uint16_t index, std::uint32_t serial, std::span<Seat> seats, Callback done) {
  const auto forget = [this, index, serial] {
    if (find(index, serial) != nullptr) sessions_.erase(index);
  };
  Detaching detaching{serial, {}, [forget, done = std::move(done)] {
                        forget();
                        done();
                      }};
  bool empty = true;
  for (const Seat& seat : seats) {
    if (seat.orphan) detaching.owners.insert(key_of(seat.orphan->owner));  // an orphan does not answer: its exit counts
    if (seat.process || seat.orphan) empty = false;
    if (!seat.process || !(seat.process->holds(serial) || seat.process->adopted())) continue;
    seat.process->send(worker_link::Detach{index, serial});
    detaching.owners.insert(key_of(seat.process->name().owner));
  }
  if (empty) forget();
  detaching_.push_back(std::move(detaching));
  tell_detached();
}

void SessionRoster::session_given_back(std::uint32_t serial, shm::Owner owner) {
  for (Detaching& one : detaching_) {
    if (one.serial == serial) one.owners.erase(key_of(owner));
  }
  tell_detached();
}

void SessionRoster::process_gone(shm::Owner owner) {
  for (Detaching& one : detaching_) one.owners.erase(key_of(owner));
  tell_detached();
}

void SessionRoster::tell_detached() {
  const auto ended = std::stable_partition(detaching_.begin(), detaching_.end(),
                                           [](const Detaching& one) { return !one.owners.empty(); });
  for (auto one = ended; one != detaching_.end(); ++one) later_(std::move(one->done));
  detaching_.erase(ended, detaching_.end());
}

void SessionRoster::on_broken(PoolWorker& worker, const worker_link::SessionBroken& broken, SessionFates& fates) const {
  const auto index = static_cast<std::uint16_t>(broken.index);
  // Not a client's fault: the worker must only give up what it has at that index.
  if (broken.reason == worker_link::BrokenReason::BadIndex) {
    return worker.send(worker_link::Detach{broken.index, broken.serial});
  }
  if (broken.index >= shm::kMaxSessions || find(index, broken.serial) == nullptr) return;
  if (broken.reason != worker_link::BrokenReason::MapFailed) {
    return fates.broken(index, broken.serial, worker_link::to_string(broken.reason));
  }
  log_error("a worker cannot map a session, which is ended: raise rlimits.as / nofile, or open smaller sessions",
            {{"pool", pool_},
             {"seat", worker.name().seat},
             {"session", broken.serial},
             {"error", std::strerror(static_cast<int>(broken.detail))}});
  fates.lost(index, broken.serial);
}

}  // namespace ringmaster::daemon
