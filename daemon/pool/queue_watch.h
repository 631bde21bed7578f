#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/types.h"
#include "daemon/pool/book/pool_book.h"
#include "daemon/pool/book/pool_statistics.h"
#include "daemon/pool/seat/session_roster.h"
#include "daemon/pool/word_audit.h"
#include "daemon/ports/session_fates.h"

namespace ringmaster::daemon {

/// Looks at the jobs that wait in a pool's queues: ends those whose queue timeout is over, feeds the pool's gauge, and
/// tells when the next one is due. Owned by the pool, on its thread.
class QueueWatch {
 public:
  struct Rooms {
    PoolBook& book;
    const SessionRoster& sessions;
    PoolStatistics& statistics;
    SessionFates& fates;
  };

  /// `timeout`: for jobs that have none of their own; 0: they wait for ever.
  QueueWatch(core::Duration timeout, const Rooms& rooms) : timeout_(timeout), rooms_(rooms) {}

  void look(std::uint64_t now_ns);
  /// The jobs that wait now, for a status: the last look may be long ago. Ends no job.
  [[nodiscard]] core::QueueGauge measure(core::TimePoint now) const;

  /// Whether jobs waited at the last look.
  [[nodiscard]] bool work_waits() const { return work_waits_; }
  [[nodiscard]] std::optional<core::TimePoint> next_deadline() const { return next_deadline_; }

 private:
  void look_at_job(const Session& session, std::uint32_t slot, shm::SlotWord seen, std::uint64_t now_ns);

  core::Duration timeout_;
  Rooms rooms_;
  bool work_waits_ = false;
  std::optional<core::TimePoint> next_deadline_;
};

}  // namespace ringmaster::daemon
