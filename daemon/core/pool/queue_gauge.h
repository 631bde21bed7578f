#pragma once

#include <cstdint>
#include <map>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How full a pool's queue is and how long its oldest job has waited, from what each look finds. When a job was
/// submitted is its client's word: it is not believed further back than the last look that found the client's session
/// empty, or its first.
class QueueGauge {
 public:
  /// One look: begin, then per session its serial and each job that waits in it, then end.
  void begin(TimePoint now);
  void session(std::uint32_t serial);
  void waits(TimePoint submitted);
  void end();

  [[nodiscard]] std::uint64_t queued() const noexcept { return queued_; }
  /// Of the oldest job that waits; 0: none does.
  [[nodiscard]] Duration oldest() const noexcept { return oldest_; }

 private:
  struct Seen {
    TimePoint empty_at;
    bool present = false;
  };
  void leave_session();

  TimePoint now_{};
  std::map<std::uint32_t, Seen> sessions_;
  Seen* current_ = nullptr;
  bool current_waits_ = false;
  std::uint64_t count_ = 0;
  Duration longest_{};
  std::uint64_t queued_ = 0;
  Duration oldest_{};
};

}  // namespace ringmaster::core
