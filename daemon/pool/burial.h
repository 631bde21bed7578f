#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/core/pool/restart_policy.h"
#include "daemon/pool/book/pool_charges.h"
#include "daemon/pool/seat/seat_rooms.h"
#include "daemon/pool/worker/job_log.h"

namespace ringmaster::daemon {

/// What follows the exit of a process: find the cause, record it, charge a uid, end or retry the job, acknowledge the
/// exit. The same for workers, orphans and strangers; a successor may repeat each step. The pool clears the seat
/// itself. Owned by the pool, on its thread.
class Burial {
 public:
  enum class Kin : std::uint8_t {
    Worker,
    Orphan,    ///< could not be adopted: some or all of its descriptors are missing
    Stranger,  ///< no seat has it: a predecessor had buried it already, or had never recorded it
  };

  /// What is known of the dead process.
  struct Dead {
    Kin kin = Kin::Stranger;
    core::SeatNumber seat = 0;
    shm::Owner owner;
    const shm::LaneRecord* lane = nullptr;  ///< null: lost
    int cgroup = -1;                        ///< its own cgroup; -1: none, or lost
    bool was_ready = false;
    bool killed_as_orphan = false;
    bool told_to_leave = false;              ///< by this supervisor or a predecessor
    std::optional<core::DeathKind> wish{};   ///< why its seat wanted it to end
    std::optional<core::DeathKind> order{};  ///< why it was killed, on record: the wish of a predecessor may be lost
    std::optional<shm::Verdict> verdict{};   ///< from the ledger; counts more than the wish
    std::uint64_t oom_kills_at_start = 0;
    std::string boot_error;
  };
  struct Buried {
    Kin kin = Kin::Stranger;
    shm::Owner owner;
    core::RestartPolicy::Died died;  ///< for the restart policy
  };

  struct Ports {
    std::function<bool(const Dead&)> out_of_memory;  ///< called for a SIGKILL without a verdict
    std::function<std::optional<core::Uid>(const PoolCharges::Death&)> charge;
    std::function<void()> call_workers;  ///< there may be a job that no worker was told of
  };
  /// The state of the pool at the exit.
  struct Scene {
    std::span<Seat> seats;
    shm::BoardRecord& board;
    bool stopping = false;  ///< then no job is tried again
    std::uint64_t now_ns = 0;
    Cause lost_as = Cause::Lost;  ///< of a job whose worker we ended for no fault of its own
  };

  /// REQUIRES: `config` and all of `rooms` outlive this.
  Burial(const config::PoolConfig& config, std::uint16_t first_worker, const SeatRooms& rooms, Ports ports)
      : config_(config), first_worker_(first_worker), rooms_(rooms), ports_(std::move(ports)) {}

  /// The job is cancelled by force, if it is the one that this orphan dies over. REQUIRES: the seat has an orphan.
  void note_forced(const Seat& seat, const shm::Intent& job);
  /// REQUIRES: the process is fenced, and of this pool.
  Buried bury(const Scene& scene, const keeper::ExitRecord& exit);

 private:
  [[nodiscard]] shm::LedgerWorker& record_of(core::SeatNumber seat) const {
    return rooms_.ledger.workers[first_worker_ + seat];
  }
  [[nodiscard]] Dead look(std::span<Seat> seats, const keeper::ExitRecord& exit) const;
  [[nodiscard]] JobLog log_of(const shm::LaneRecord& lane, shm::Owner owner) const;
  [[nodiscard]] core::DeathCause cause_of(const Dead& dead, const keeper::ExitRecord& exit) const;
  void tell(const Dead& dead, const keeper::ExitRecord& exit, const core::DeathCause& cause, std::uint64_t now_ns);
  std::optional<core::Uid> charge(const Dead& dead, const core::DeathCause& cause, const shm::LastRun& run) const;
  void resolve(const Scene& scene, const Dead& dead, const core::DeathCause& cause, const shm::LastRun& run);
  [[nodiscard]] std::vector<shm::ReapedJob> reap_jobs(const Scene& scene, const Dead& dead,
                                                      const shm::DeathReport& death);
  void account(const shm::ReapedJob& job, const Dead& dead, const core::DeathCause& cause);
  void acknowledge(const Dead& dead);

  const config::PoolConfig& config_;
  std::uint16_t first_worker_;
  SeatRooms rooms_;
  Ports ports_;
};

}  // namespace ringmaster::daemon
