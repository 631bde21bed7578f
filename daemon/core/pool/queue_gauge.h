#pragma once

#include <cstdint>
#include <map>

#include "daemon/core/types.h"

namespace ringmaster::core {

/// How full a pool's queue is and how long its oldest job has waited, by what each look finds. The time of a submit is
/// written by the client, so it is limited: not before the last look that found the client's session empty, or the
/// session's first look.
class QueueGauge {
 public:
  /// One look: begin(), then for each session its serial and its waiting jobs, then end().
  void begin(TimePoint now);
  void session(std::uint32_t serial);
  void waits(TimePoint submitted);
  void end();

  [[nodiscard]] std::uint64_t queued() const noexcept { return queued_; }
  /// How long the oldest waiting job has waited; 0: none waits.
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
