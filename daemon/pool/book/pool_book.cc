#include "daemon/pool/book/pool_book.h"

#include "daemon/core/worker/stack_text.h"
#include "daemon/pool/book/lane_tally.h"

namespace ringmaster::daemon {

shm::LedgerTally PoolBook::total(std::span<const shm::LaneRecord* const> uncounted) const {
  shm::LedgerTally sum = tally();
  for (const shm::LaneRecord* lane : uncounted) add_lane(sum, *lane);
  return sum;
}

void PoolBook::add_counts(shm::Owner owner, const shm::LaneRecord* lane,
                          const std::optional<shm::AttemptTimes>& cut_short) const {
  shm::book_death(ledger_.pools[pool_], owner, [&](shm::LedgerTally& tally) {
    ++tally.deaths;
    if (lane != nullptr) add_lane(tally, *lane);
    if (!cut_short) return;
    tally.queue.add(cut_short->queued_ns);
    tally.run.add(cut_short->run_ns);
  });
}

void PoolBook::note_death(const Death& death, std::uint64_t now_ns) {
  IncidentLog log(ledger_);
  const std::uint64_t serial = log.open({pool_, death.seat, death.incarnation, death.started_ns}, death.job, now_ns);
  if (!death.core_place.empty()) log.set_core(serial, death.core_place);
  log.close(serial, death.cause, death.text);
  last_of_seat_[death.seat] = {death.text, serial};
  last_death_ = death.text;
}

void PoolBook::note_no_start(core::SeatNumber seat, const std::string& why) {
  last_of_seat_[seat] = {why, 0};
  last_death_ = why;
}

void PoolBook::restore() {
  const IncidentLog log(ledger_);
  for (std::size_t i = 0; i < last_of_seat_.size(); ++i) {
    for (const shm::LedgerIncident* incident : log.last(pool_, 1, static_cast<core::SeatNumber>(i))) {
      last_of_seat_[i] = {incident->cause, incident->serial.load(std::memory_order_relaxed)};
    }
  }
  for (const shm::LedgerIncident* incident : log.last(pool_, 1)) last_death_ = incident->cause;
}

std::string PoolBook::last_stack(core::SeatNumber seat) const {
  return core::stack_summary(IncidentLog(ledger_).stack_at(last_of_seat_[seat].incident), 1);
}

}  // namespace ringmaster::daemon
