#include "daemon/pools/pool_record.h"

#include <algorithm>
#include <cstring>

namespace ringmaster::daemon {
namespace {

using State = core::CreatedLife::State;

constexpr unsigned kRangeBits = 16;

// What the next supervisor has to do; while sessions are ended there is a pool for them to be on.
shm::LedgerPoolState record_of(State state) {
  switch (state) {
    case State::Created:
      return shm::LedgerPoolState::Created;
    case State::Serving:
      return shm::LedgerPoolState::Serving;
    case State::Draining:
    case State::Removing:
      return shm::LedgerPoolState::Draining;
    case State::Removed:
      break;
  }
  return shm::LedgerPoolState::Removing;
}

}  // namespace

std::uint32_t PoolRecord::begin(const core::PoolPlace& place, core::Uid owner, core::WorkerRange workers) {
  const std::uint32_t serial = ledger_.last_pool_text.load(std::memory_order_relaxed) + 1;
  ledger_.last_pool_text.store(serial, std::memory_order_release);  // SYNC: a serial that dies with us is skipped.
  std::memset(record_.name, 0, sizeof record_.name);
  record_.drain.store(0, std::memory_order_relaxed);
  record_.queue_highest = 0;
  record_.published.store(0, std::memory_order_relaxed);
  for (shm::LedgerTally& tally : record_.tally) tally = {};
  for (shm::LedgerCharge& charge : record_.charges) charge.user.store(0, std::memory_order_relaxed);
  ++record_.generation;
  record_.owner = owner;
  record_.text_serial = serial;
  record_.first_worker = place.first_worker;
  record_.seats = place.seats;
  note_workers(workers);
  record_.drain_until_ns = 0;
  note(State::Created);
  return serial;
}

// SYNC: release: a successor that reads the state reads what stands before it.
void PoolRecord::note(State state) {
  record_.state.store(static_cast<std::uint32_t>(record_of(state)), std::memory_order_release);
}

void PoolRecord::note_workers(core::WorkerRange workers) {
  static_assert(shm::kMaxWorkers < 1U << kRangeBits);
  record_.workers.store(workers.min << kRangeBits | workers.max, std::memory_order_release);  // SYNC: alone
}

core::WorkerRange PoolRecord::workers() const {
  const std::uint32_t bits = record_.workers.load(std::memory_order_relaxed);
  return {bits >> kRangeBits, bits & ((1U << kRangeBits) - 1)};
}

void PoolRecord::note_deadline(core::TimePoint until) {
  if (state() == State::Draining) until = std::min(until, deadline());
  record_.drain_until_ns = static_cast<std::uint64_t>(until.time_since_epoch().count());
}

void PoolRecord::clear() {
  record_.state.store(static_cast<std::uint32_t>(shm::LedgerPoolState::None), std::memory_order_release);  // SYNC
}

std::optional<State> PoolRecord::state() const {
  // SYNC: acquire, pairs with note.
  switch (static_cast<shm::LedgerPoolState>(record_.state.load(std::memory_order_acquire))) {
    case shm::LedgerPoolState::None:
      break;
    case shm::LedgerPoolState::Created:
      return State::Created;
    case shm::LedgerPoolState::Serving:
      return State::Serving;
    case shm::LedgerPoolState::Draining:
      return State::Draining;
    case shm::LedgerPoolState::Removing:
      return State::Removed;
  }
  return std::nullopt;
}

}  // namespace ringmaster::daemon
