#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/result.h"
#include "daemon/jobs/home/completion_watch.h"
#include "daemon/jobs/home/job_home.h"
#include "daemon/loop/event_loop.h"
#include "daemon/ports/pool_port.h"
#include "daemon/sessions/session.h"
#include "shm/heap/reserved_heap.h"
#include "shm/port/client_port.h"
#include "shm/reserved_ring.h"

namespace ringmaster::daemon {

/// A session for jobs that come as messages, whose client is the supervisor. In a predecessor's session outcomes can be
/// read, but no jobs submitted. Event loop's thread only.
class MessageSession final : public JobHome {
 public:
  /// `own`: a session of this supervisor, where jobs can be placed. `look` is called when jobs may have ended,
  /// `may_take` before pages are reserved. An Error: no thread can be started to watch it.
  using MayTake = std::function<bool(core::Bytes)>;
  [[nodiscard]] static Result<std::unique_ptr<MessageSession>> open(EventLoop& loop, PoolPort& pool, Session& session,
                                                                    bool own, std::function<void()> look,
                                                                    MayTake may_take = {});
  MessageSession(EventLoop& loop, PoolPort& pool, Session& session, bool own, std::function<void()> look,
                 MayTake may_take);

  [[nodiscard]] Session& session() override { return session_; }
  [[nodiscard]] bool own() const override { return own_; }
  [[nodiscard]] Placing place(const JobToPlace& job) override;
  void ended(PlacedJob& job) override;
  void settle(const PlacedJob& job) override;
  void release(const PlacedJob& job) override;
  [[nodiscard]] std::vector<Ended> collect() override;
  [[nodiscard]] std::optional<shm::SlotWord> terminal(std::uint32_t slot, std::uint32_t seq) const override;
  bool cancel(std::uint32_t slot, std::uint32_t seq, std::optional<core::Duration> force) override;

 private:
  PoolPort& pool_;
  Session& session_;
  bool own_;
  MayTake may_take_;
  shm::ClientPort port_;
  shm::ReservedRing requests_;
  shm::ReservedHeap results_;
  CompletionWatch watch_;
};

}  // namespace ringmaster::daemon
