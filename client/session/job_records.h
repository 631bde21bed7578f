#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "shm/extent.h"
#include "shm/layout.h"
#include "shm/message_log.h"
#include "shm/slot_word.h"

namespace ringmaster::client {

/// A job from its submit until its outcome is taken. Its slot changes if it is run again with more room for its result.
struct JobRecord {
  /// Waiting: its result was too large; it is run again when the result ring has room (growth.h). Fetching: it has
  /// ended, and keeps its slot until its result is here, because the daemon keeps that as long.
  enum class Life : std::uint8_t { Free, Published, Waiting, Ended, Fetching };
  /// Who takes the outcome: the holder of the PendingJob; the next caller of next(), Queued when the job is in the
  /// queue of ended jobs; or nobody.
  enum class Taker : std::uint8_t { Holder, Next, Queued, Nobody };

  Life life = Life::Free;
  Taker taker = Taker::Holder;
  bool asked_again = false;  ///< was run again, or must not be
  bool speaking = false;     ///< is in the queue of jobs that have messages
  std::uint32_t slot = 0;
  std::uint32_t seq = 0;
  std::uint64_t request_extent = 0;
  std::uint64_t arguments_extent = 0;
  std::uint64_t needed = 0;   ///< bytes that the result needs, when Waiting
  std::uint64_t cookie = 0;   ///< the application's name for a posted job
  std::uint64_t seen_ns = 0;  ///< when the job was found ended, if perhaps in its queue; 0: the slot's line tells
  shm::Extent result;
  shm::SlotWord end;
  shm::JobDescriptor job;
  shm::MessageReader messages;  ///< meaningful only if the job takes any

  [[nodiscard]] bool takes_messages() const noexcept { return (job.flags & shm::kJobTakesMessages) != 0; }
};

/// A slot whose job was found ended, and how.
struct EndedSlot {
  std::uint32_t slot;
  shm::SlotWord word;
};

/// The records of one session, one for each slot: a job that is not Free holds a slot. Guarded by the session's mutex.
class JobRecords {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  explicit JobRecords(std::uint32_t slots) : records_(slots), of_slot_(slots, kNone) {
    free_.reserve(slots);
    for (std::uint32_t at = slots; at > 0; --at) free_.push_back(at - 1);
  }

  /// A record for a job that has taken `slot`. Only its flags are reset: the caller overwrites the rest.
  [[nodiscard]] std::uint32_t take(std::uint32_t slot) noexcept {
    RM_CHECK(!free_.empty(), "slot %u", slot);
    const std::uint32_t at = free_.back();
    free_.pop_back();
    JobRecord& record = records_[at];
    record.taker = JobRecord::Taker::Holder;
    record.asked_again = false;
    record.slot = slot;
    return at;
  }
  void give_back(std::uint32_t at) noexcept {
    records_[at].life = JobRecord::Life::Free;
    free_.push_back(at);
  }
  /// The record's job is in its slot from now on.
  void publish(std::uint32_t at) noexcept {
    records_[at].life = JobRecord::Life::Published;
    of_slot_[records_[at].slot] = at;
  }

  [[nodiscard]] std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(records_.size()); }
  [[nodiscard]] JobRecord& operator[](std::uint32_t at) noexcept { return records_[at]; }
  /// The record whose job was last published in `slot`.
  [[nodiscard]] std::uint32_t of_slot(std::uint32_t slot) const noexcept { return of_slot_[slot]; }

 private:
  std::vector<JobRecord> records_;
  std::vector<std::uint32_t> free_;
  std::vector<std::uint32_t> of_slot_;
};

}  // namespace ringmaster::client
