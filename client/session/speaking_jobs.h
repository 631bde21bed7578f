#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/check.h"
#include "client/session/job_records.h"
#include "client/types/outcome.h"
#include "shm/segment_view.h"

namespace ringmaster::client {

/// The next message of a job; nullopt: there is none now, or it takes none.
[[nodiscard]] inline std::optional<Message> next_message_of(JobRecord& record, std::uint32_t serial) {
  if (!record.takes_messages()) return std::nullopt;
  auto message = record.messages.next();
  if (!message) return std::nullopt;
  return Message{static_cast<Message::Kind>(message->kind), message->attempt, shm::make_job_id(serial, record.seq),
                 std::move(message->bytes)};
}

/// The queue of posted jobs that have announced messages; each is in it once, until it has no more. Guarded by the
/// session's mutex.
class SpeakingJobs {
 public:
  /// `records` outlives it. `serial`: the session's.
  SpeakingJobs(JobRecords& records, std::uint32_t serial)
      : records_(records), serial_(serial), places_(records.size()) {}

  void add(std::uint32_t at) noexcept {
    JobRecord& record = records_[at];
    if (record.speaking || !record.takes_messages() || record.taker != JobRecord::Taker::Next) return;
    RM_CHECK(count_ < places_.size(), "record %u", at);
    record.speaking = true;
    places_[place(count_++)] = at;
  }
  /// True if take() has a message.
  [[nodiscard]] bool any() noexcept {
    for (; count_ != 0; pop()) {
      const JobRecord& record = records_[places_[first_]];
      // A record that was freed may be another job's by now: then this is a look at that one for nothing.
      const bool open = record.life != JobRecord::Life::Free && record.taker != JobRecord::Taker::Holder &&
                        record.taker != JobRecord::Taker::Nobody;
      if (open && record.takes_messages() && record.messages.ready()) return true;
    }
    return false;
  }
  [[nodiscard]] bool take(Ended& ended) {
    while (any()) {
      if (take_of(places_[first_], ended)) return true;
    }
    return false;
  }
  /// The next message of one posted job: what it sent comes before its outcome.
  [[nodiscard]] bool take_of(std::uint32_t at, Ended& ended) {
    if (!records_[at].takes_messages()) return false;
    ended.message = next_message_of(records_[at], serial_);
    ended.cookie = records_[at].cookie;
    return ended.message.has_value();
  }

 private:
  void pop() noexcept {
    records_[places_[first_]].speaking = false;
    first_ = place(1);
    --count_;
  }
  [[nodiscard]] std::size_t place(std::size_t after_first) const noexcept {
    const std::size_t at = first_ + after_first;
    return at < places_.size() ? at : at - places_.size();
  }

  JobRecords& records_;
  const std::uint32_t serial_;
  std::vector<std::uint32_t> places_;  // a ring with one place for each record
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace ringmaster::client
