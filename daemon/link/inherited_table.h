#pragma once

#include <cstdint>

#include "daemon/link/deposit.h"

/// What a supervisor finds at kInheritedTableFd: header, deposits, workers and exits, one after the other in a sealed
/// memfd.
namespace ringmaster::keeper {

inline constexpr std::uint64_t kTableMagic = 0x31454c4241544d52;  // "RMTABLE1"

enum class WorkerState : std::uint32_t { Starting = 1, Running = 2, Dying = 3 };  ///< Dying: dead or killed, not fenced

struct InheritedHeader {
  std::uint64_t magic = kTableMagic;
  std::uint32_t version = kLinkVersion;
  std::uint32_t supervisor = 0;  ///< number of this supervisor, from 1
  std::uint32_t deposits = 0;
  std::uint32_t workers = 0;
  std::uint32_t exits = 0;
  std::uint32_t cold = 0;  ///< 1: all workers are killed and fenced, and sessions must end as lost
};

struct InheritedDeposit {
  DepositLabel label;
  std::int32_t fd = -1;
};

struct InheritedWorker {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::int32_t pidfd = -1;  ///< also among the deposits, as WorkerPidfd
  std::uint32_t state = 0;  ///< WorkerState
  std::uint32_t reserved = 0;
};

/// A worker's end, reported only when it is fenced: reaped, and none of its descendants is left that could write
/// anything. Sent once to each supervisor until it is acknowledged; a successor finds it in its inherited table.
struct ExitRecord {
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::int32_t pid = 0;
  std::int32_t code = 0;             ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED
  std::int32_t status = 0;           ///< exit code or signal
  std::uint32_t orphans_killed = 0;  ///< descendants that were killed by the sweep that completed its fence
  std::uint64_t died_at_ns = 0;      ///< CLOCK_MONOTONIC when the keeper saw the death
  std::uint64_t user_us = 0;
  std::uint64_t system_us = 0;
  std::uint64_t max_rss_kib = 0;
};

static_assert(sizeof(InheritedDeposit) == 16 && sizeof(InheritedHeader) == 32 && sizeof(ExitRecord) == 56);

}  // namespace ringmaster::keeper
