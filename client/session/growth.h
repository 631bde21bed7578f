#pragma once

#include <chrono>
#include <cstdint>

#include "client/session/job_records.h"
#include "shm/port/client_port.h"
#include "shm/reserved_ring.h"

namespace ringmaster::client {

/// Jobs whose results did not fit: one that may run twice is asked again, once, with the room that it needs, as soon as
/// the result ring has that. Guarded by the session's mutex. Time is an argument; publishing is the caller's.
class Growth {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  using MayTake = bool (*)(std::uint64_t bytes);

  /// All outlive it.
  Growth(JobRecords& records, shm::ClientPort& port, shm::ReservedRing& results, MayTake may_take)
      : records_(records), port_(port), results_(results), may_take_(may_take) {}

  /// Some job waits for room: no new one is to take it.
  [[nodiscard]] bool waits() const noexcept { return waiting_ != 0; }

  /// Whether a job that ended so may be asked again: nearly none.
  [[nodiscard]] static bool asks_again(const JobRecord& record, shm::SlotWord end) noexcept {
    return end.cause() == Cause::TooLarge && end.state() == shm::SlotState::Failed &&
           (record.job.flags & shm::kJobIdempotent) != 0 && !record.asked_again;
  }
  /// The job of a record that asks_again() has ended: publish(at) if it can be asked at once.
  template <typename Publish>
  void ended(std::uint32_t at, TimePoint now, Publish&& publish) {
    if (begin(at, now)) publish(at);
  }
  /// Asks for those whose room has come. What takes their room may be results that the very thread which waits for them
  /// holds: when nothing is in flight and none came back for a nap's time, they are told that it was too large.
  template <typename Publish>
  void serve(TimePoint now, Publish&& publish) {
    const bool stuck = nothing_moves(now);
    for (std::uint32_t at = 0; at < records_.size() && waiting_ != 0; ++at) {
      if (records_[at].life == JobRecord::Life::Waiting && retry(at, stuck)) publish(at);
    }
  }
  /// A result's room came back.
  void stirred(TimePoint now) noexcept { stirred_ = now; }
  /// Ended as too large from now on. REQUIRES: it is Waiting.
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
  shm::ReservedRing& results_;
  const MayTake may_take_;
  unsigned waiting_ = 0;  // records that are Waiting
  TimePoint stirred_{};   // when a result's room last came back, or a record began to wait
};

}  // namespace ringmaster::client
