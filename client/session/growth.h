#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <utility>

#include "client/session/job_records.h"
#include "shm/heap/reserved_heap.h"
#include "shm/port/client_port.h"

namespace ringmaster::client {

/// Runs jobs again whose handler refused its result as too large without asking for more room, or whose worker is too
/// old to ask (shm/DESIGN.md, "Spilled results"): an idempotent job is published once more, with the room that it
/// needs, as soon as the memory for results has that. Guarded by the session's mutex. Time is an argument; the caller
/// publishes.
class Growth {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using MayTake = std::function<bool(std::uint64_t bytes)>;

  /// All outlive it.
  Growth(JobRecords& records, shm::ClientPort& port, shm::ReservedHeap& results, MayTake may_take)
      : records_(records), port_(port), results_(results), may_take_(std::move(may_take)) {}

  /// True if a job waits for room: then no new job may take any.
  [[nodiscard]] bool waits() const noexcept { return waiting_ != 0; }

  /// True if a job that ended like this may be run again. Rarely the case.
  [[nodiscard]] static bool asks_again(const JobRecord& record, shm::SlotWord end) noexcept {
    return end.cause() == Cause::TooLarge && end.state() == shm::SlotState::Failed &&
           end.detail() != shm::kDetailNoRoom && (record.job.flags & shm::kJobIdempotent) != 0 && !record.asked_again &&
           !record.takes_messages();
  }
  /// The job of a record for which asks_again() is true has ended: calls publish(at) if there is room at once.
  template <typename Publish>
  void ended(std::uint32_t at, TimePoint now, Publish&& publish) {
    if (begin(at, now)) publish(at);
  }
  /// Publishes waiting jobs for which there is room now. The results that take the room may be held by the very thread
  /// that waits: if nothing is in flight and no room came back for kLongestNap, waiting jobs end as too large, and
  /// gave_up(record) is called for each.
  template <typename Publish, typename GaveUp>
  void serve(TimePoint now, Publish&& publish, GaveUp&& gave_up) {
    const bool stuck = nothing_moves(now);
    for (std::uint32_t at = 0; at < records_.size() && waiting_ != 0; ++at) {
      if (records_[at].life != JobRecord::Life::Waiting) continue;
      if (retry(at, stuck)) {
        publish(at);
      } else if (records_[at].life == JobRecord::Life::Ended) {
        gave_up(at);
      }
    }
  }
  /// A result's room came back.
  void stirred(TimePoint now) noexcept { stirred_ = now; }
  /// Ends a job as too large. REQUIRES: its record is Waiting.
  void give_up(JobRecord& record) noexcept {
    record.life = JobRecord::Life::Ended;
    --waiting_;
  }

 private:
  enum class Asked : std::uint8_t { Ready, NoRoom, Never };

  [[nodiscard]] bool begin(std::uint32_t at, TimePoint now);
  [[nodiscard]] bool retry(std::uint32_t at, bool stuck);
  [[nodiscard]] Asked ask(JobRecord& record);
  [[nodiscard]] bool nothing_moves(TimePoint now) const noexcept;

  JobRecords& records_;
  shm::ClientPort& port_;
  shm::ReservedHeap& results_;
  const MayTake may_take_;
  unsigned waiting_ = 0;  // records that are Waiting
  TimePoint stirred_{};   // when a result's room last came back, or a record began to wait
};

}  // namespace ringmaster::client
