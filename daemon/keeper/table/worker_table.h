#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/unique_fd.h"
#include "daemon/link/inherited_table.h"
#include "daemon/os/child/spawn_stage.h"

namespace ringmaster::keeper {

/// One worker, from its fork until its exit is acknowledged. The entry holds the exit record too, so exit records
/// cannot overflow: a spawn without a free entry is refused.
///
/// Free ─fork─▶ Starting ─exec─▶ Running ─pidfd readable─▶ Dead ─peeked, group killed, reaped─▶ Reaped
///   ─no descendant left─▶ Fenced ─ExitAck (or, if exec failed, Spawned sent)─▶ Free
/// Starting also goes to Dead. Until it is Reaped, `pid` cannot belong to another process.
struct WorkerEntry {
  enum class State : std::uint8_t { Free, Starting, Running, Dead, Reaped, Fenced };
  State state = State::Free;
  bool report_spawned = false;  ///< a Spawned message must be sent
  bool report_exit = false;     ///< an Exited message must be sent
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t spawn_serial = 0;
  daemon::SpawnFailure failure;  ///< error 0: exec has succeeded, or is not known yet
  UniqueFd pidfd;
  UniqueFd exec_pipe;             ///< read end, until exec has happened or failed
  UniqueFd cgroup;                ///< empty: the worker is fenced only by process group and sweep
  std::uint64_t retry_at_ns = 0;  ///< not 0: dead, but a ptrace tracer delays its end; not polled until then
  ExitRecord exit;

  [[nodiscard]] bool failed() const { return failure.error != 0; }
  [[nodiscard]] bool unreaped() const {
    return state == State::Starting || state == State::Running || state == State::Dead;
  }
};

/// All workers. Fixed size, no allocation.
class WorkerTable {
 public:
  /// nullptr: all entries are taken.
  [[nodiscard]] WorkerEntry* take() noexcept;
  [[nodiscard]] WorkerEntry* find(std::uint32_t worker, std::uint32_t incarnation) noexcept;
  void release(WorkerEntry& slot) noexcept;
  /// True if `pid` is a worker in this table that is not reaped yet.
  [[nodiscard]] bool knows(pid_t pid) const noexcept;
  /// Entries up to the highest in use, including free ones.
  [[nodiscard]] std::span<WorkerEntry> slots() noexcept { return std::span(slots_).first(end_); }
  [[nodiscard]] std::span<const WorkerEntry> slots() const noexcept { return std::span(slots_).first(end_); }
  [[nodiscard]] bool any(WorkerEntry::State state) const noexcept;
  [[nodiscard]] bool any_unfenced() const noexcept;

 private:
  std::array<WorkerEntry, kMaxWorkers> slots_;
  std::size_t end_ = 0;
};

}  // namespace ringmaster::keeper
