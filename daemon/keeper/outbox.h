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

/// All that the keeper says to its supervisor: the answer to a request, of which at most one waits for room on the
/// link, and reports of what has come about since, which wait in the tables. Never waits; the keeper's one thread.
class Outbox {
 public:
  /// REQUIRES: all of them outlive this.
  Outbox(SupervisorProcess& supervisor, WorkerTable& workers, BeatJudge& judge)
      : supervisor_(supervisor), workers_(workers), judge_(judge) {}

  void acknowledge(std::uint64_t serial, int error, std::uint32_t value = 0) noexcept;
  void refuse_spawn(const SpawnMessage& asked, daemon::SpawnFailure failure) noexcept;
  /// A stop is to be asked for with the next report.
  void ask_to_stop(int signal) noexcept { stop_signal_ = signal; }
  /// Sends what waits, as far as the link has room.
  void report(std::uint64_t now_ns) noexcept;

  /// An answer waits: no further request is to be read, so that the supervisor waits for itself.
  [[nodiscard]] bool owes_answer() const noexcept { return reply_size_ != 0; }
  /// Room on the link would be used.
  [[nodiscard]] bool wants_room() const noexcept {
    return retry_at_ns_ == 0 && (owes_answer() || reports_waiting_ || stop_signal_ != 0);
  }
  /// When the kernel, which refused a packet for a reason that room does not tell of, is asked again; 0: it is not.
  [[nodiscard]] std::uint64_t retry_at_ns() const noexcept { return retry_at_ns_; }

  /// Nobody reads answers any more.
  void drop_answer() noexcept { reply_size_ = 0; }
  /// The supervisor is gone; a successor finds in its table whatever was not reported.
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
  alignas(8) std::array<std::byte, sizeof(SpawnedMessage)> reply_{};  // the one answer that the link had no room for
  std::size_t reply_size_ = 0;
  bool reports_waiting_ = false;
  int stop_signal_ = 0;                 // not 0: to be told
  std::uint64_t retry_at_ns_ = 0;       // not 0: the link has room and the kernel none; nothing is sent until then
  std::uint64_t refused_since_ns_ = 0;  // not 0: since when the kernel takes no packet, and not for want of room
};

}  // namespace ringmaster::keeper
