#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "client/types/options.h"
#include "client/types/outcome.h"

namespace ringmaster::client {
class SessionCore;
}

/// Public header: what holds a job that was submitted.
namespace ringmaster {

/// A submitted job. Destroying it before its outcome was taken cancels the job.
class PendingJob {
 public:
  PendingJob() = default;
  PendingJob(std::shared_ptr<client::SessionCore> core, std::uint32_t record)
      : core_(std::move(core)), record_(record) {}
  PendingJob(PendingJob&&) noexcept = default;
  PendingJob& operator=(PendingJob&& other) noexcept;
  ~PendingJob() {
    if (core_) abandon();
  }

  /// False once its outcome has been taken.
  explicit operator bool() const noexcept { return core_ != nullptr; }
  /// As status and logs show it. Changes if the job is run again with room for a larger result.
  [[nodiscard]] std::uint64_t id() const;
  /// True when wait() would not block.
  [[nodiscard]] bool ended() const;
  /// The next message that its handler sent, in order, over all attempts; waits for one for at most `limit`. nullopt:
  /// none came within that time, or the job has ended and has sent no more. The outcome takes along what is not taken.
  [[nodiscard]] std::optional<Message> next_message(Duration limit = kForever);
  /// Blocks until the job has ended. REQUIRES: the outcome has not been taken.
  [[nodiscard]] Outcome wait();
  /// The same for at most `limit`; nullopt: the job has not ended yet.
  [[nodiscard]] std::optional<Outcome> wait_for(Duration limit);
  /// Ends a queued job at once. A running handler that listens to cancel has its pool's grace to stop; any other runs
  /// on until its deadline. wait() tells how the job ended.
  void cancel();
  /// The same whatever its handler does: has the job not ended after the grace, then its worker is killed. The outcome
  /// is Cancelled, by force, unless the job ends by itself before. True: it has ended, or the daemon has it on record;
  /// false: the daemon gave no such word within `force.patience`, and the plain cancel stands. May be asked again.
  bool cancel(const Force& force);

 private:
  friend class Session;
  void abandon() noexcept;
  std::shared_ptr<client::SessionCore> core_;
  std::uint32_t record_ = 0;
};

}  // namespace ringmaster
