#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "daemon/keeper/beat_judge.h"
#include "daemon/keeper/supervisor_process.h"
#include "daemon/keeper/table/worker_table.h"
#include "daemon/keeper/worker_spawn.h"

namespace ringmaster::keeper {

/// Sends everything that the keeper tells its supervisor: answers to requests, of which at most one waits for room on
/// the link, and reports of events, which wait in the tables. Never blocks; the keeper's one thread.
class Outbox {
 public:
  /// REQUIRES: all of them outlive this.
  Outbox(SupervisorProcess& supervisor, WorkerTable& workers, BeatJudge& judge)
      : supervisor_(supervisor), workers_(workers), judge_(judge) {}

  void acknowledge(std::uint64_t serial, int error, std::uint32_t value = 0) noexcept;
  void refuse_spawn(const SpawnMessage& asked, daemon::SpawnFailure failure) noexcept;
  /// The next report asks the supervisor to stop.
  void ask_to_stop(int signal) noexcept { stop_signal_ = signal; }
  /// Sends what waits, as far as there is room on the link.
  void report(std::uint64_t now_ns) noexcept;

  /// True if an answer waits for room: then no further request may be read.
  [[nodiscard]] bool owes_answer() const noexcept { return reply_size_ != 0; }
  /// True if something waits for room on the link.
  [[nodiscard]] bool wants_room() const noexcept {
    return retry_at_ns_ == 0 && (owes_answer() || reports_waiting_ || stop_signal_ != 0);
  }
  /// When to send again after the kernel refused a packet for another reason than a full link; 0: not.
  [[nodiscard]] std::uint64_t retry_at_ns() const noexcept { return retry_at_ns_; }

  /// Drops the waiting answer: nobody will read it.
  void drop_answer() noexcept { reply_size_ = 0; }
  /// The supervisor is gone: a successor finds in its table what was not reported.
  void forget() noexcept;

 private:
  template <typename Message>
  void answer(const Message& message) noexcept;
  void send_answer() noexcept;
  [[nodiscard]] bool unsent(int error) noexcept;
  [[nodiscard]] bool report_spawned(WorkerEntry& slot) noexcept;
  [[nodiscard]] bool report_exit(WorkerEntry& slot) noexcept;

  SupervisorProcess& supervisor_;
  WorkerTable& workers_;
  BeatJudge& judge_;
  alignas(8) std::array<std::byte, sizeof(SpawnedMessage)> reply_{};  // the answer that waits for room
  std::size_t reply_size_ = 0;
  bool reports_waiting_ = false;
  int stop_signal_ = 0;            // not 0: a stop must be reported
  std::uint64_t retry_at_ns_ = 0;  // not 0: nothing is sent until then, because the kernel refused a packet
  std::uint64_t refused_since_ns_ =
      0;  // not 0: since when the kernel has refused packets for another reason than a full link
};

}  // namespace ringmaster::keeper
