#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "client/session/job_records.h"

namespace ringmaster::client {

/// The queue of posted jobs that have ended, in the order in which that was found; each is in it once. Guarded by the
/// session's mutex.
///
///     taker: Next ── add(), add_the_rest() ──▶ Queued ── pop()
class EndedJobs {
 public:
  using Taker = JobRecord::Taker;

  /// `records` outlives it.
  explicit EndedJobs(JobRecords& records) : records_(records), places_(records.size()) {}

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  /// Queues the record's job, which has ended, if it was posted and has not been queued yet.
  void add(std::uint32_t record) noexcept {
    if (records_[record].taker != Taker::Next) return;
    RM_CHECK(count_ < places_.size(), "record %u", record);
    records_[record].taker = Taker::Queued;
    places_[place(count_++)] = record;
  }
  /// The same for all jobs: the session is over, and none of them will end.
  void add_the_rest() noexcept {
    for (std::uint32_t at = 0; at < records_.size(); ++at)
      if (records_[at].life != JobRecord::Life::Free) add(at);
  }
  /// The record that was queued first. REQUIRES: not empty().
  [[nodiscard]] std::uint32_t front() const noexcept {
    RM_CHECK(count_ != 0);
    return places_[first_];
  }
  void pop() noexcept {
    RM_CHECK(count_ != 0);
    first_ = place(1);
    --count_;
  }
  /// Calls found(record) for each posted job with that cookie that is not queued yet. False: there is none.
  template <typename Found>
  bool each_open(std::uint64_t cookie, Found&& found) {
    bool any = false;
    for (std::uint32_t at = 0; at < records_.size(); ++at) {
      const JobRecord& record = records_[at];
      if (record.life == JobRecord::Life::Free || record.taker != Taker::Next || record.cookie != cookie) continue;
      any = true;
      found(at);
    }
    return any;
  }

 private:
  [[nodiscard]] std::size_t place(std::size_t after_first) const noexcept {
    const std::size_t at = first_ + after_first;
    return at < places_.size() ? at : at - places_.size();
  }

  JobRecords& records_;
  std::vector<std::uint32_t> places_;  // a ring with one place for each record
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace ringmaster::client
